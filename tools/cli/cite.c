/*
 * --cite: see cite.h.  The one list of sources.  Kinds and metrics name theirs
 * in words, which are found here; a program names keys in its table.
 */
#include <string.h>

#include "cite.h"

/* One source; a list of them ends with a NULL key. */
struct source {
	const char *key;
	const char *named; /* how kinds and metrics name it; NULL: none does */
	const char *entry; /* its type */
	const char *fields;
};

#define PAPER "meissen2022pitfalls"

static const struct source sources[] = {
	{PAPER, "Meissen et al., MIDL 2022", "inproceedings",
	    "  author = {Meissen, Felix and Wiestler, Benedikt and Kaissis, "
	    "Georgios and\n"
	    "            Rueckert, Daniel},\n"
	    "  title = {On the Pitfalls of Using the Residual Error as Anomaly "
	    "Score},\n"
	    "  booktitle = {Medical Imaging with Deep Learning (MIDL)},\n"
	    "  series = {PMLR}, volume = {172}, pages = {914--928}, "
	    "year = {2022}"},
	/* Anomalies. */
	{"baugh2023many", "Baugh et al.", "inproceedings",
	    "  author = {Baugh, Matthew and Tan, Jeremy and M{\\\"u}ller, "
	    "Johanna P. and\n"
	    "            Dombrowski, Mischa and Batten, James and Kainz, "
	    "Bernhard},\n"
	    "  title = {Many Tasks Make Light Work: Learning to Localise "
	    "Medical Anomalies\n"
	    "           from Multiple Synthetic Tasks},\n"
	    "  booktitle = {MICCAI}, pages = {162--172}, year = {2023}"},
	{"bercea2023generalizing", "RA)", "inproceedings",
	    "  author = {Bercea, Cosmin I. and Wiestler, Benedikt and Rueckert, "
	    "Daniel and\n"
	    "            Schnabel, Julia A.},\n"
	    "  title = {Generalizing Unsupervised Anomaly Detection: Towards "
	    "Unbiased\n"
	    "           Pathology Screening},\n"
	    "  booktitle = {Medical Imaging with Deep Learning (MIDL)},\n"
	    "  series = {PMLR}, volume = {227}, year = {2023}"},
	{"bercea2023reversing", "(PHANES", "inproceedings",
	    "  author = {Bercea, Cosmin I. and Wiestler, Benedikt and Rueckert, "
	    "Daniel and\n"
	    "            Schnabel, Julia A.},\n"
	    "  title = {Reversing the Abnormal: Pseudo-Healthy Generative "
	    "Networks for\n"
	    "           Anomaly Detection},\n"
	    "  booktitle = {MICCAI}, year = {2023}"},
	{"kascenas2022denoising", "Kascenas et al., 2022", "inproceedings",
	    "  author = {Kascenas, Antanas and Pugeault, Nicolas and O'Neil, "
	    "Alison Q.},\n"
	    "  title = {Denoising Autoencoders for Unsupervised Anomaly "
	    "Detection in Brain\n"
	    "           {MRI}},\n"
	    "  booktitle = {Medical Imaging with Deep Learning (MIDL)},\n"
	    "  series = {PMLR}, volume = {172}, year = {2022}"},
	{"li2021cutpaste", "Li et al., 2021", "inproceedings",
	    "  author = {Li, Chun-Liang and Sohn, Kihyuk and Yoon, Jinsung "
	    "and\n"
	    "            Pfister, Tomas},\n"
	    "  title = {{CutPaste}: Self-Supervised Learning for Anomaly "
	    "Detection and\n"
	    "           Localization},\n"
	    "  booktitle = {CVPR}, year = {2021}"},
	{"schluter2022natural", "Schlueter et al., ECCV 2022", "inproceedings",
	    "  author = {Schl{\\\"u}ter, Hannah M. and Tan, Jeremy and Hou, "
	    "Benjamin and Kainz,\n"
	    "            Bernhard},\n"
	    "  title = {Natural Synthetic Anomalies for Self-Supervised Anomaly "
	    "Detection and\n"
	    "           Localization},\n"
	    "  booktitle = {ECCV}, year = {2022}"},
	{"tan2020detecting", "Tan et al., 2020", "misc",
	    "  author = {Tan, Jeremy and Hou, Benjamin and Batten, James and "
	    "Qiu, Huaqi and\n"
	    "            Kainz, Bernhard},\n"
	    "  title = {Detecting Outliers with Foreign Patch Interpolation},\n"
	    "  howpublished = {arXiv:2011.04197}, year = {2020}"},
	{"tan2021detecting", "Tan et al., MICCAI 2021", "inproceedings",
	    "  author = {Tan, Jeremy and Hou, Benjamin and Day, Thomas and "
	    "Simpson, John and\n"
	    "            Rueckert, Daniel and Kainz, Bernhard},\n"
	    "  title = {Detecting Outliers with {Poisson} Image "
	    "Interpolation},\n"
	    "  booktitle = {MICCAI}, year = {2021}"},
	{"zavrtanik2021draem", "Zavrtanik et al., ICCV 2021", "inproceedings",
	    "  author = {Zavrtanik, Vitjan and Kristan, Matej and "
	    "Sko{\\v{c}}aj, Danijel},\n"
	    "  title = {{DRAEM}: A Discriminatively Trained Reconstruction "
	    "Embedding for\n"
	    "           Surface Anomaly Detection},\n"
	    "  booktitle = {ICCV}, year = {2021}"},
	/* Degradations. */
	{"gudbjartsson1995rician", "Gudbjartsson", "article",
	    "  author = {Gudbjartsson, H{\\'a}kon and Patz, Samuel},\n"
	    "  title = {The {Rician} Distribution of Noisy {MRI} Data},\n"
	    "  journal = {Magnetic Resonance in Medicine},\n"
	    "  volume = {34}, number = {6}, pages = {910--914}, year = {1995}"},
	{"sled1998nonparametric", "Sled", "article",
	    "  author = {Sled, John G. and Zijdenbos, Alex P. and Evans, "
	    "Alan C.},\n"
	    "  title = {A Nonparametric Method for Automatic Correction of "
	    "Intensity\n"
	    "           Nonuniformity in {MRI} Data},\n"
	    "  journal = {IEEE Transactions on Medical Imaging},\n"
	    "  volume = {17}, number = {1}, pages = {87--97}, year = {1998}"},
	{"tukey1977exploratory", "Tukey, 1977", "book",
	    "  author = {Tukey, John W.},\n"
	    "  title = {Exploratory Data Analysis},\n"
	    "  publisher = {Addison-Wesley}, year = {1977}"},
	{"keys1981cubic", "Keys, 1981", "article",
	    "  author = {Keys, Robert G.},\n"
	    "  title = {Cubic Convolution Interpolation for Digital Image "
	    "Processing},\n"
	    "  journal = {IEEE Transactions on Acoustics, Speech, and Signal "
	    "Processing},\n"
	    "  volume = {29}, number = {6}, pages = {1153--1160}, "
	    "year = {1981}"},
	/* Models. */
	{"pearson1901lines", "Pearson 1901", "article",
	    "  author = {Pearson, Karl},\n"
	    "  title = {On Lines and Planes of Closest Fit to Systems of Points "
	    "in Space},\n"
	    "  journal = {Philosophical Magazine},\n"
	    "  volume = {2}, number = {11}, pages = {559--572}, year = {1901}"},
	{"baldi1989neural", "Baldi and Hornik 1989", "article",
	    "  author = {Baldi, Pierre and Hornik, Kurt},\n"
	    "  title = {Neural Networks and Principal Component Analysis: "
	    "Learning from\n"
	    "           Examples without Local Minima},\n"
	    "  journal = {Neural Networks},\n"
	    "  volume = {2}, number = {1}, pages = {53--58}, year = {1989}"},
	{"oord2017neural", "van den Oord et al., 2017", "inproceedings",
	    "  author = {van den Oord, A{\\\"a}ron and Vinyals, Oriol and "
	    "Kavukcuoglu, Koray},\n"
	    "  title = {Neural Discrete Representation Learning},\n"
	    "  booktitle = {Advances in Neural Information Processing "
	    "Systems}, year = {2017}"},
	{"razavi2019generating", "Razavi et al., 2019", "inproceedings",
	    "  author = {Razavi, Ali and van den Oord, A{\\\"a}ron and Vinyals, "
	    "Oriol},\n"
	    "  title = {Generating Diverse High-Fidelity Images with "
	    "{VQ-VAE-2}},\n"
	    "  booktitle = {Advances in Neural Information Processing "
	    "Systems}, year = {2019}"},
	/* Residuals. */
	{"silva2021looking", "Silva-Rodriguez et al., BMVC 2021",
	    "inproceedings",
	    "  author = {Silva-Rodr{\\'i}guez, Julio and Naranjo, Valery and "
	    "Dolz, Jose},\n"
	    "  title = {Looking at the Whole Picture: Constrained Unsupervised "
	    "Anomaly\n"
	    "           Segmentation},\n"
	    "  booktitle = {British Machine Vision Conference (BMVC)}, "
	    "year = {2021}"},
	{"wang2004ssim", "Wang et al., 2004", "article",
	    "  author = {Wang, Zhou and Bovik, Alan C. and Sheikh, Hamid R. "
	    "and\n"
	    "            Simoncelli, Eero P.},\n"
	    "  title = {Image Quality Assessment: From Error Visibility to "
	    "Structural\n"
	    "           Similarity},\n"
	    "  journal = {IEEE Transactions on Image Processing},\n"
	    "  volume = {13}, number = {4}, pages = {600--612}, year = {2004}"},
	{"bergmann2019improving", "Bergmann et al., 2019", "inproceedings",
	    "  author = {Bergmann, Paul and L{\\\"o}we, Sindy and Fauser, "
	    "Michael and\n"
	    "            Sattlegger, David and Steger, Carsten},\n"
	    "  title = {Improving Unsupervised Defect Segmentation by Applying "
	    "Structural\n"
	    "           Similarity to Autoencoders},\n"
	    "  booktitle = {VISAPP}, year = {2019}"},
	{"xue2014gmsd", "Xue et al., 2014", "article",
	    "  author = {Xue, Wufeng and Zhang, Lei and Mou, Xuanqin and Bovik, "
	    "Alan C.},\n"
	    "  title = {Gradient Magnitude Similarity Deviation: A Highly "
	    "Efficient\n"
	    "           Perceptual Image Quality Index},\n"
	    "  journal = {IEEE Transactions on Image Processing},\n"
	    "  volume = {23}, number = {2}, pages = {684--695}, year = {2014}"},
	{"behrendt2024ensembled", "Behrendt et al., 2024", "inproceedings",
	    "  author = {Behrendt, Finn and Bhattacharya, Debayan and Maack, "
	    "Lennart and\n"
	    "            Kr{\\\"u}ger, Julia and Opfer, Roland and Mieling, "
	    "Robin and\n"
	    "            Schlaefer, Alexander},\n"
	    "  title = {Diffusion Models with Ensembled Structure-Based Anomaly "
	    "Scoring for\n"
	    "           Unsupervised Anomaly Detection},\n"
	    "  booktitle = {IEEE International Symposium on Biomedical Imaging "
	    "(ISBI)},\n"
	    "  year = {2024}"},
	{"behrendt2024mahalanobis", "Behrendt et al., MICCAI 2024",
	    "inproceedings",
	    "  author = {Behrendt, Finn and Bhattacharya, Debayan and Mieling, "
	    "Robin and\n"
	    "            Maack, Lennart and Kr{\\\"u}ger, Julia and Opfer, "
	    "Roland and\n"
	    "            Schlaefer, Alexander},\n"
	    "  title = {Leveraging the {Mahalanobis} Distance to Enhance "
	    "Unsupervised Brain\n"
	    "           {MRI} Anomaly Detection},\n"
	    "  booktitle = {MICCAI}, year = {2024}"},
	{"meissen2021challenging", "Meissen et al., 2021", "inproceedings",
	    "  author = {Meissen, Felix and Kaissis, Georgios and Rueckert, "
	    "Daniel},\n"
	    "  title = {Challenging Current Semi-Supervised Anomaly "
	    "Segmentation Methods\n"
	    "           for Brain {MRI}},\n"
	    "  booktitle = {MICCAI BrainLes Workshop}, year = {2021}"},
	/* Metrics. */
	{"manning2008introduction", "Manning", "book",
	    "  author = {Manning, Christopher D. and Raghavan, Prabhakar and\n"
	    "            Sch{\\\"u}tze, Hinrich},\n"
	    "  title = {Introduction to Information Retrieval},\n"
	    "  publisher = {Cambridge University Press}, year = {2008}"},
	{"hanley1982meaning", "Hanley and McNeil 1982", "article",
	    "  author = {Hanley, James A. and McNeil, Barbara J.},\n"
	    "  title = {The Meaning and Use of the Area under a Receiver "
	    "Operating\n"
	    "           Characteristic ({ROC}) Curve},\n"
	    "  journal = {Radiology},\n"
	    "  volume = {143}, number = {1}, pages = {29--36}, year = {1982}"},
	{"dice1945measures", "Dice 1945", "article",
	    "  author = {Dice, Lee R.},\n"
	    "  title = {Measures of the Amount of Ecologic Association between "
	    "Species},\n"
	    "  journal = {Ecology},\n"
	    "  volume = {26}, number = {3}, pages = {297--302}, year = {1945}"},
	{"liang2018enhancing", "Liang et al., ICLR 2018", "inproceedings",
	    "  author = {Liang, Shiyu and Li, Yixuan and Srikant, R.},\n"
	    "  title = {Enhancing the Reliability of Out-of-Distribution Image "
	    "Detection in\n"
	    "           Neural Networks},\n"
	    "  booktitle = {ICLR}, year = {2018}"},
	{"bergmann2021mvtec", "Bergmann et al. 2021", "article",
	    "  author = {Bergmann, Paul and Batzner, Kilian and Fauser, Michael "
	    "and\n"
	    "            Sattlegger, David and Steger, Carsten},\n"
	    "  title = {The {MVTec} Anomaly Detection Dataset: A Comprehensive "
	    "Real-World\n"
	    "           Dataset for Unsupervised Anomaly Detection},\n"
	    "  journal = {International Journal of Computer Vision},\n"
	    "  volume = {129}, number = {4}, pages = {1038--1059}, "
	    "year = {2021}"},
	{"bertoldo2024aupimo", "Bertoldo et al. 2024", "misc",
	    "  author = {Bertoldo, Joao P. C. and Ameln, Dick and Vaidya, "
	    "Ashwin and\n"
	    "            Ak{\\c{c}}ay, Samet},\n"
	    "  title = {{AUPIMO}: Redefining Visual Anomaly Detection "
	    "Benchmarks with High\n"
	    "           Speed and Low Tolerance},\n"
	    "  howpublished = {arXiv:2401.01984}, year = {2024}"},
	{"yerushalmy1947statistical", "Yerushalmy 1947", "article",
	    "  author = {Yerushalmy, Jacob},\n"
	    "  title = {Statistical Problems in Assessing Methods of Medical "
	    "Diagnosis, with\n"
	    "           Special Reference to {X}-Ray Techniques},\n"
	    "  journal = {Public Health Reports},\n"
	    "  volume = {62}, number = {40}, pages = {1432--1449}, "
	    "year = {1947}"},
	{"bunch1977free", "Bunch et al. 1977", "inproceedings",
	    "  author = {Bunch, Philip C. and Hamilton, John F. and Sanderson, "
	    "Gary K. and\n"
	    "            Simmons, Arthur H.},\n"
	    "  title = {A Free Response Approach to the Measurement and "
	    "Characterization of\n"
	    "           Radiographic Observer Performance},\n"
	    "  booktitle = {Proceedings of SPIE}, volume = {127}, "
	    "year = {1977}"},
	{"setio2017validation", "Setio et al. 2017", "article",
	    "  author = {Setio, Arnaud Arindra Adiyoso and Traverso, Alberto "
	    "and de Bel,\n"
	    "            Thomas and others},\n"
	    "  title = {Validation, Comparison, and Combination of Algorithms "
	    "for Automatic\n"
	    "           Detection of Pulmonary Nodules in Computed Tomography "
	    "Images: The\n"
	    "           {LUNA16} Challenge},\n"
	    "  journal = {Medical Image Analysis},\n"
	    "  volume = {42}, pages = {1--13}, year = {2017}"},
	/* What programs name themselves. */
	{"hesterberg2015bootstrap", NULL, "article",
	    "  author = {Hesterberg, Tim C.},\n"
	    "  title = {What Teachers Should Know About the Bootstrap: "
	    "Resampling in the\n"
	    "           Undergraduate Statistics Curriculum},\n"
	    "  journal = {The American Statistician},\n"
	    "  volume = {69}, number = {4}, pages = {371--386}, year = {2015}"},
	{"cochran1977sampling", NULL, "book",
	    "  author = {Cochran, William G.},\n"
	    "  title = {Sampling Techniques},\n"
	    "  publisher = {Wiley}, edition = {3}, year = {1977}"},
	{"good2005permutation", NULL, "book",
	    "  author = {Good, Phillip I.},\n"
	    "  title = {Permutation, Parametric, and Bootstrap Tests of "
	    "Hypotheses},\n"
	    "  publisher = {Springer}, edition = {3}, year = {2005}"},
	{"holm1979simple", NULL, "article",
	    "  author = {Holm, Sture},\n"
	    "  title = {A Simple Sequentially Rejective Multiple Test "
	    "Procedure},\n"
	    "  journal = {Scandinavian Journal of Statistics},\n"
	    "  volume = {6}, number = {2}, pages = {65--70}, year = {1979}"},
	{"schuirmann1987comparison", NULL, "article",
	    "  author = {Schuirmann, Donald J.},\n"
	    "  title = {A Comparison of the Two One-Sided Tests Procedure and "
	    "the Power\n"
	    "           Approach for Assessing the Equivalence of Average "
	    "Bioavailability},\n"
	    "  journal = {Journal of Pharmacokinetics and Biopharmaceutics},\n"
	    "  volume = {15}, number = {6}, pages = {657--680}, year = {1987}"},
	{"otsu1979threshold", NULL, "article",
	    "  author = {Otsu, Nobuyuki},\n"
	    "  title = {A Threshold Selection Method from Gray-Level "
	    "Histograms},\n"
	    "  journal = {IEEE Transactions on Systems, Man, and "
	    "Cybernetics},\n"
	    "  volume = {9}, number = {1}, pages = {62--66}, year = {1979}"},
	{"frolova2022solving", NULL, "misc",
	    "  author = {Frolova, Daria and Vasiliuk, Anton and Belyaev, "
	    "Mikhail and\n"
	    "            Shirokikh, Boris},\n"
	    "  title = {Solving Sample-Level Out-of-Distribution Detection on "
	    "{3D} Medical\n"
	    "           Images},\n"
	    "  howpublished = {arXiv}, year = {2022}"},
	{"vasiliuk2023limitations", NULL, "misc",
	    "  author = {Vasiliuk, Anton and Frolova, Daria and Belyaev, "
	    "Mikhail and\n"
	    "            Shirokikh, Boris},\n"
	    "  title = {Limitations of Out-of-Distribution Detection in {3D} "
	    "Medical Image\n"
	    "           Segmentation},\n"
	    "  howpublished = {arXiv}, year = {2023}"},
	{NULL, NULL, NULL, NULL},
};

/* Is a name in a list with separators between? */
static bool
is_in(const char *list, char separator, const char *name)
{
	size_t n = strlen(name);
	const char *word;

	for (word = list; word != NULL; word = strchr(word, separator)) {
		word += *word == separator;
		if (strncmp(word, name, n) == 0 &&
		    (word[n] == separator || word[n] == '\0'))
			return true;
	}
	return false;
}

static bool
is_cited(const struct cli_program *program, const char *key)
{
	return program->cites != NULL && is_in(program->cites, ' ', key);
}

/* The metric of a program's list with this number, or NULL behind the last. */
static const struct bsp_metric *
metric_of(const struct cli_program *program, size_t i)
{
	const struct cli_option *option;
	const struct bsp_metric *metric;

	for (option = program->options; option->name != NULL; option++)
		if (option->type == CLI_METRICS)
			for (metric = bsp_metrics; metric->name != NULL;
			    metric++)
				if (option->max & CLI_SCOPE(metric->scope) &&
				    i-- == 0)
					return metric;
	return NULL;
}

static bool
is_wanted(const struct source *source, const struct cli_program *program,
    const struct bsp_kind *kind, const char *only)
{
	const struct bsp_kind *k = kind != NULL ? kind : program->kinds;
	const struct bsp_metric *metric;
	size_t i;

	if (strcmp(source->key, PAPER) == 0)
		return true;
	if (is_cited(program, source->key))
		return only == NULL || is_in(only, ',', source->key);
	if (source->named == NULL)
		return false;
	for (; k != NULL && k->name != NULL; k++) {
		if (strstr(k->source, source->named) != NULL)
			return true;
		if (kind != NULL)
			break;
	}
	for (i = 0; (metric = metric_of(program, i)) != NULL; i++)
		if ((only == NULL || is_in(only, ',', metric->name)) &&
		    strstr(metric->source, source->named) != NULL)
			return true;
	return false;
}

/* Every name of the list is a metric or a source of the program. */
static void
check_names(const struct cli_program *program, const char *only)
{
	const struct bsp_metric *metric;
	char name[64];
	size_t n, i;

	for (; only != NULL; only = only[n] == ',' ? only + n + 1 : NULL) {
		n = strcspn(only, ",");
		snprintf(name, sizeof name, "%.*s", (int)n, only);
		for (i = 0; (metric = metric_of(program, i)) != NULL; i++)
			if (strcmp(metric->name, name) == 0)
				break;
		if (metric == NULL && (n >= sizeof name || n == 0 ||
		    !is_cited(program, name)))
			cli_usage("--cite: found '%.60s', expected names of "
			    "metrics or keys that --cite prints", name);
	}
}

void
cite_print(const struct cli_program *program, const struct bsp_kind *kind,
    const char *only)
{
	const struct source *source;

	check_names(program, only);
	printf("@misc{blindspot,\n"
	    "  author = {{The blindspot maintainers}},\n"
	    "  title = {blindspot: where residual anomaly scores go blind},\n"
	    "  note = {Version %s}\n}\n", BSP_VERSION);
	for (source = sources; source->key != NULL; source++)
		if (is_wanted(source, program, kind, only))
			printf("\n@%s{%s,\n%s\n}\n", source->entry,
			    source->key, source->fields);
}
