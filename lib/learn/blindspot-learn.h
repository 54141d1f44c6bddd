/*
 * libblindspot-learn: learned reconstructions.  Autoencoders, a two-level
 * VQ-VAE and principal components, trained and run on the CPU, and model files
 * in the safetensors format.
 *
 * A library of its own beside libblindspot, whose errors, images and random
 * numbers it uses and whose manners it keeps, so that programs that learn
 * nothing load no network library.  Most arithmetic is oneDNN's and LAPACK's:
 * the same bits on one machine with one number of threads, and within 1e-4 of
 * an output's range elsewhere.  oneDNN works on as many threads as OpenMP gives
 * (OMP_NUM_THREADS, omp_set_num_threads).
 */
#ifndef BLINDSPOT_LEARN_H
#define BLINDSPOT_LEARN_H

#include <blindspot.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------ tensor files */

#define BSP_RANK_MAX 4

/*
 * A named array of float32, row-major.  Rank 0 is a single number.  Numbers of
 * other types may be in a file: F64, F16 and BF16 are converted, and those of
 * F64 kept as well; integers are checked and then left out.
 */
struct bsp_tensor {
	char *name;
	size_t rank, shape[BSP_RANK_MAX];
	float *data; /* [size] */
	double *doubles; /* [size], of F64, which is what is written; or NULL */
	size_t size;
};

/* A line of a file's metadata. */
struct bsp_fact {
	char *name, *text;
};

/* The content of a safetensors file; {0} is empty.  Owns what it points to. */
struct bsp_tensors {
	struct bsp_tensor *tensor;
	size_t count, capacity;
	struct bsp_fact *fact;
	size_t facts, fact_capacity;
	char note[256]; /* what was converted or renamed on reading, or "" */
};

/*
 * Read a safetensors file that lies in memory.  Nothing in it is trusted: the
 * header's length and JSON, types, ranks up to 4, shapes against offsets, gaps
 * and overlaps, names given twice, and values that are not finite as float fail
 * (BSP_DATA), with the byte where there is one.
 * Memory is no more than the file's own size and its header's JSON needs.
 * Source: the safetensors format, as its README gives it.
 */
BSP_API int bsp_tensors_parse(const void *bytes, size_t n,
    struct bsp_tensors *tensors, struct bsp_error *e);

/* The same of an open file from where it stands; name is for errors. */
BSP_API int bsp_tensors_read(int fd, const char *name,
    struct bsp_tensors *tensors, struct bsp_error *e);

/*
 * Write a safetensors file whole: first beside the path, under a name of its
 * own and with the mode of the file that it replaces, flushed to the disk and
 * read back; then renamed.  Links are followed.  Signals are blocked meanwhile.
 * Fails on values that are not finite (BSP_DATA), and where the system does
 * (BSP_SYSTEM); the path then holds what it held before.
 */
BSP_API int bsp_tensors_write(const char *path,
    const struct bsp_tensors *tensors, struct bsp_error *e);

/* Fail now (BSP_SYSTEM) if bsp_tensors_write could open no file there. */
BSP_API int bsp_tensors_check_place(const char *path, struct bsp_error *e);

/*
 * Add a tensor of zeros; NULL when memory runs out.  rank at most 4.  The
 * second gives it doubles, which are then written instead of data.
 */
BSP_API struct bsp_tensor *bsp_tensors_add(struct bsp_tensors *tensors,
    const char *name, size_t rank, const size_t *shape, struct bsp_error *e);
BSP_API struct bsp_tensor *bsp_tensors_add_doubles(struct bsp_tensors *tensors,
    const char *name, size_t rank, const size_t *shape, struct bsp_error *e);

/* The tensor of that name, or NULL. */
BSP_API struct bsp_tensor *bsp_tensors_find(const struct bsp_tensors *tensors,
    const char *name);

/*
 * Add copies of all of from's tensors, with something before their names; and
 * the way back: fill to's tensors from those of from that are so named.  Fails
 * without memory; filling, where one is missing or of another shape (BSP_DATA).
 */
BSP_API int bsp_tensors_copy(struct bsp_tensors *to, const char *before,
    const struct bsp_tensors *from, struct bsp_error *e);
BSP_API int bsp_tensors_fill(struct bsp_tensors *to, const char *before,
    const struct bsp_tensors *from, struct bsp_error *e);

/* Add a fact, or change the one of that name. */
BSP_API int bsp_tensors_set_fact(struct bsp_tensors *tensors,
    const char *name, const char *text, struct bsp_error *e);

/* The same of a number, in the shortest form that reads back exactly. */
BSP_API int bsp_tensors_set_number(struct bsp_tensors *tensors,
    const char *name, double value, struct bsp_error *e);

/* The text of the fact of that name, or NULL. */
BSP_API const char *bsp_tensors_fact(const struct bsp_tensors *tensors,
    const char *name);

/* Free all; the tensors are then {0}. */
BSP_API void bsp_tensors_free(struct bsp_tensors *tensors);

/* ----------------------------------------------------------- architectures */

/*
 * The architectures, a table of kinds as those of libblindspot, ended by a row
 * whose name is NULL: pca, ae, spatial-ae, vq-vae.  Their parameters say how
 * large the model is and, for networks, how it is trained; they have no
 * function to apply.
 */
BSP_API extern const struct bsp_kind bsp_architectures[];

/* ------------------------------------------------------------------ models */

struct bsp_model;

/*
 * A new model for images of rows x cols, its weights drawn from the seed as
 * PyTorch draws them by default: uniform within 1/sqrt(fan-in) (He et al.
 * 2015, with a = sqrt 5), batch norm the identity, codes standard normal.
 * params are the kind's, in the order of its row.  Fails on an image size
 * that the architecture cannot take (BSP_DATA): ae and spatial-ae want squares
 * of 8 2^k pixels, k at least 1, vq-vae multiples of 8; on a width or latent
 * that it cannot take (BSP_USAGE); and without memory.  Not for pca: see
 * bsp_model_fit_pca.  NULL on failure.
 */
BSP_API struct bsp_model *bsp_model_new(const struct bsp_kind *architecture,
    const double *params, size_t rows, size_t cols, uint64_t seed,
    struct bsp_error *e);

/*
 * Principal components of n images of one size: the linear autoencoder that
 * is best in the sense of mean square.  latent components from the smaller of
 * the images' Gram matrix and the pixels' covariance, in double, by LAPACK on
 * one thread.  Memory: 8 bytes a sample, and 16 for each element of that
 * matrix.  Fails (BSP_DATA) where the images have fewer components, of which
 * n images have at most n - 1.  NULL on failure.
 */
BSP_API struct bsp_model *bsp_model_fit_pca(const struct bsp_image *images,
    size_t n, size_t latent, struct bsp_error *e);

/*
 * Make a model of the tensors of a file, which it takes: tensors is then {0}.
 * Where the file has no fact `architecture', as after a plain conversion of
 * weights trained elsewhere, the tensors' names and shapes say what it is.
 * Fails (BSP_DATA) where a tensor is missing, unknown, or of another shape.
 * NULL on failure.
 */
BSP_API struct bsp_model *bsp_model_from(struct bsp_tensors *tensors,
    struct bsp_error *e);

/*
 * What the model is made of, the model's own: weights and facts.  Facts may be
 * set; weights may be read, and be written between two calls on the model if
 * bsp_model_changed is then called.
 */
BSP_API struct bsp_tensors *bsp_model_tensors(struct bsp_model *model);
BSP_API void bsp_model_changed(struct bsp_model *model);

/*
 * Its architecture and its parameters, in the order of the row; those that
 * only concern training have their defaults.
 */
BSP_API const struct bsp_kind *bsp_model_architecture(
    const struct bsp_model *model);
BSP_API const double *bsp_model_params(const struct bsp_model *model);

/*
 * The size of its images; 0 where any that the architecture can take will do,
 * as for a vq-vae from elsewhere.
 */
BSP_API size_t bsp_model_rows(const struct bsp_model *model);
BSP_API size_t bsp_model_cols(const struct bsp_model *model);

/*
 * What is applied to every sample of the model's output: none, relu, sigmoid or
 * tanh.  A model from a file begins with the fact `activation' of its metadata,
 * or with none: weights do not tell.  Fails (BSP_USAGE) at any other name.
 */
BSP_API int bsp_model_activate(struct bsp_model *model, const char *name,
    struct bsp_error *e);

/* Reconstruct an image: batch norm by its running statistics, nothing learnt.
 * Fails (BSP_DATA) on another size than the model's.  in and out may not be
 * the same image.  The network is made at the first call and kept.
 */
BSP_API int bsp_model_reconstruct(struct bsp_model *model,
    const struct bsp_image *in, struct bsp_image *out, struct bsp_error *e);

BSP_API void bsp_model_free(struct bsp_model *model); /* NULL: nothing */

/* ---------------------------------------------------------------- training */

/* How a network is trained. */
struct bsp_training {
	size_t batch;        /* images a step, at least 1 */
	double lr;           /* above 0 */
	double weight_decay; /* at least 0 */
	uint64_t seed;       /* of the order of images */
};

struct bsp_trainer;

/*
 * Train a model, which is borrowed, on images[n] of its size, borrowed too.
 * Every epoch visits each image once in an order of its own, drawn from the
 * seed, and batches go on across epochs.  The loss is the mean of |x^ - x|,
 * for a vq-vae plus 1/4 of its latent loss; steps are AdamW's (Loshchilov and
 * Hutter 2019; betas .9 and .999, epsilon 1e-8), and codes move by moving
 * averages (van den Oord et al. 2017; decay .99).  NULL on failure.
 */
BSP_API struct bsp_trainer *bsp_trainer_new(struct bsp_model *model,
    const struct bsp_training *training, const struct bsp_image *images,
    size_t n, struct bsp_error *e);

/*
 * Do one step; *loss is that of its batch before the step.  Fails (BSP_DATA),
 * changing nothing, where the loss is not finite.
 */
BSP_API int bsp_trainer_step(struct bsp_trainer *trainer, double *loss,
    struct bsp_error *e);

/* How many steps were done. */
BSP_API uint64_t bsp_trainer_steps(const struct bsp_trainer *trainer);

/*
 * Add to tensors all that training goes on from: the weights under their
 * names, AdamW's moments under `first.' and `second.' before them, and a fact
 * `step'.
 */
BSP_API int bsp_trainer_save(const struct bsp_trainer *trainer,
    struct bsp_tensors *tensors, struct bsp_error *e);

/*
 * Go on from there: the next steps are those that would have come, to the last
 * bit with the same number of threads.  Fails (BSP_DATA) where something is
 * missing or of another shape.
 */
BSP_API int bsp_trainer_resume(struct bsp_trainer *trainer,
    const struct bsp_tensors *tensors, struct bsp_error *e);

BSP_API void bsp_trainer_free(struct bsp_trainer *trainer); /* NULL: nothing */

/* -------------------------------------------------------------- validation */

/*
 * Healthy images, borrowed, and the same with a disk of constant intensity in
 * each: of radius 20 for a side of 256, at a place and of an intensity in
 * [0, 1) drawn from the seed, so that every validation has the same ones.
 */
struct bsp_validation {
	const struct bsp_image *healthy; /* [images] the caller's */
	size_t images;
	struct bsp_image *anomalous, *label; /* [images] */
	struct bsp_ranking ranking;
	struct bsp_curve curve;
};

struct bsp_validation_result {
	double ap;    /* mean over images of AP of |x^ - x|, x with the disk */
	double error; /* mean of |x^ - x|, x healthy */
};

/*
 * Put the disks into images of one size; *validation is overwritten.  Fails
 * without images (BSP_USAGE), on one without foreground (BSP_DATA, with its
 * number), and without memory; it is then {0}.
 */
BSP_API int bsp_validation_start(struct bsp_validation *validation,
    const struct bsp_image *healthy, size_t images, uint64_t seed,
    struct bsp_error *e);

/*
 * Reconstruct all of them and score.  Fails as bsp_model_reconstruct does, with
 * the image's number, and where nothing was started (BSP_USAGE).
 */
BSP_API int bsp_validation_run(struct bsp_validation *validation,
    struct bsp_model *model, struct bsp_validation_result *result,
    struct bsp_error *e);

BSP_API void bsp_validation_free(struct bsp_validation *validation);

/* The best model so far; {0} to begin with. */
struct bsp_best {
	bool any;
	struct bsp_validation_result result;
	uint64_t step;
	struct bsp_tensors tensors; /* copies of its weights */
};

/*
 * Keep the weights of a model where it is the first or its AP is greater than
 * that of the best, of equals the earlier.  Fails without memory; the best is
 * then what it was.
 */
BSP_API int bsp_best_keep(struct bsp_best *best, struct bsp_model *model,
    const struct bsp_validation_result *result, uint64_t step,
    struct bsp_error *e);

/*
 * Give a model the best weights, and the facts validation_ap and
 * validation_error.  Fails where none were kept (BSP_USAGE), or they are of
 * another shape (BSP_DATA).
 */
BSP_API int bsp_best_take(const struct bsp_best *best,
    struct bsp_model *model, struct bsp_error *e);

BSP_API void bsp_best_free(struct bsp_best *best);

/* ------------------------------------------------------------- checkpoints */

/*
 * A training, all parts of which are the caller's.  setting are facts that a
 * later training must share; losses are of the steps since the last row of a
 * log.
 */
struct bsp_checkpoint {
	struct bsp_model *model;
	struct bsp_trainer *trainer;
	struct bsp_best *best;
	struct {
		double sum;
		uint64_t count;
	} losses;
	const struct bsp_fact *setting;
	size_t settings;
};

/*
 * Add to tensors all that it is taken up again from: the model's facts, the
 * settings, what bsp_trainer_save adds, the losses and the best model under
 * `best.'.  Such a file is a model too.  Fails without memory.
 */
BSP_API int bsp_checkpoint_save(const struct bsp_checkpoint *checkpoint,
    struct bsp_tensors *tensors, struct bsp_error *e);

/*
 * Take the training up again: model and trainer are as then, and best and
 * losses are overwritten.  Fails (BSP_DATA) where the tensors are no
 * checkpoint, of another model, of other settings or damaged, and without
 * memory; what was changed by then stays changed.
 */
BSP_API int bsp_checkpoint_resume(struct bsp_checkpoint *checkpoint,
    const struct bsp_tensors *tensors, struct bsp_error *e);

/* ------------------------------------------------------ out of distribution */

#define BSP_OOD_BINS 500

/*
 * A Gaussian fitted to the principal components of intensity histograms of
 * whole images.  Owns what it points to; {0} is empty.  Needs LAPACK alone.
 * Source: Frolova, Vasiliuk, Belyaev, Shirokikh, "Solving sample-level
 * out-of-distribution detection on 3D medical images", 2022.
 */
struct bsp_ood {
	size_t components;
	double *mean;     /* [BSP_OOD_BINS] */
	double *axis;     /* [components][BSP_OOD_BINS], of length 1 */
	double *variance; /* [components] descending, ridge included; above 0 */
};

/*
 * histogram[BSP_OOD_BINS]: the density histogram of an image, background
 * included: its samples clipped to their percentiles .5 and 99.5, which then
 * lie at 0 and 1; those of a constant image lie at 0.  Its mean is 1.  Fails
 * without image (BSP_USAGE), on samples that are not finite (BSP_DATA) and
 * without memory.
 */
BSP_API int bsp_ood_histogram(const struct bsp_image *image,
    double *histogram, struct bsp_error *e);

/*
 * Fit to histograms[n][BSP_OOD_BINS] of healthy images of one size: as many
 * components as explain .9999 of the variance, and a ridge of 1e-6 times the
 * largest of their variances.  *ood is overwritten, and {0} on failure.  Fails
 * without histograms (BSP_USAGE), on fewer than two, on all alike (BSP_DATA),
 * and without memory.  With n - 1 components, which is all that n images have,
 * each of these is equally far, and others are told badly.
 */
BSP_API int bsp_ood_fit(const double *histograms, size_t n,
    struct bsp_ood *ood, struct bsp_error *e);

/*
 * The squared Mahalanobis distance of a histogram from those fitted, at least
 * 0.  The part outside the components is ignored.
 */
BSP_API double bsp_ood_distance(const struct bsp_ood *ood,
    const double *histogram);

BSP_API void bsp_ood_free(struct bsp_ood *ood);

/*
 * The share of the n distances of normal images that are at or above the
 * highest threshold that finds 95 % of the m tested ones.  In [0,1].  Fails
 * where there is none of either (BSP_USAGE), and without memory.
 */
BSP_API int bsp_ood_fpr95(const double *normal, size_t n, const double *test,
    size_t m, double *fpr, struct bsp_error *e);

#ifdef __cplusplus
}
#endif

#endif
