"""The sentences of a diagnosis: what its numbers say, in words."""

import math

SCORES = {
    "abs": "|x − x̂|", "square": "(x − x̂)²", "signed": "x − x̂",
    "positive": "max(x − x̂, 0)", "negative": "max(x̂ − x, 0)",
}


def two(value):
    """Two decimals, without the zero before the point."""
    if value is None:
        return "undefined"
    text = "%.2f" % value
    return text[1:] if text.startswith("0.") else \
        "−" + text[2:] if text.startswith("-0.") else text


def few(value):
    """Three significant digits, as short as they are."""
    return "undefined" if value is None else "%.3g" % value


def between(interval, form=two):
    """An interval in brackets, with a space before; nothing where it is not
    known."""
    return " [%s, %s]" % tuple(map(form, interval)) if interval else ""


def percent(value):
    return "%.0f %%" % (100 * value)


def title(score):
    kind, _, rest = score.partition(":")
    name = SCORES.get(kind, kind)
    return name + (" " + rest.replace(",", " ") if rest else "")


def joined(parts):
    return parts[0] if len(parts) == 1 else \
        ", ".join(parts[:-1]) + " and " + parts[-1]


def level(report):
    return ("%g" % report["below"]).replace("0.", ".", 1)


def lead(report):
    """The curve and the prediction that the answer is of."""
    def at(rows):
        return next(r for r in rows if r["radius"] == report["radius"])
    curve = next(c for c in report["curves"]
                 if c["score"] == report["score"] and
                 c["radius"] == report["radius"])
    return curve, at(report["predictions"])


def ends(found):
    return joined(["%s to %s" % (two(b["low"]), two(b["high"]))
                   for b in found])


def blindness(curve, report):
    """What one curve is blind to, as the end of a sentence."""
    found, known = curve["blind"], curve["intervals"]
    if not found:
        text = "is blind to no intensity"
        if curve["replicates_blind"]:
            text += " (AP falls below %s in %s of the replicates)" % (
                level(report), percent(curve["replicates_blind"]))
        return text + "; the least AP is %s%s at %s" % (
            two(curve["least"]["ap"]), between(curve["least"]["interval"]),
            two(curve["least"]["at"]))
    text = "is blind (AP < %s) to intensities %s" % (
        level(report), ends(found))
    if known["low"] and known["high"]:
        text += " (95 %% intervals of the %s:%s and%s)" % (
            "ends" if len(found) == 1 else "outer ends",
            between(known["low"]), between(known["high"]))
    cut = [where for where in ("low", "high")
           if any(b["cut"] in (where, "both") for b in found)]
    if cut:
        text += ", as far as the range of intensities goes"
    text += ", which %s %s%s of healthy tissue; worst AP %s%s at %s" % (
        "holds" if len(found) == 1 else "hold", percent(curve["tissue"]),
        between(known["tissue"], percent), two(curve["least"]["ap"]),
        between(curve["least"]["interval"]), two(curve["least"]["at"]))
    return text


def spelled(text):
    """The same, with what AP is where it comes first."""
    before, ap, after = text.partition("(AP ")
    if ap:
        return before + "(average precision, AP, " + after
    return text.replace("AP", "average precision (AP)", 1)


def few_units(report):
    """What intervals over few subjects do not say, or nothing."""
    curve, _ = lead(report)
    known, count = report["images"]["subjects"], curve["units"]
    what = "image" if known is None else "subject"
    if count < 2:
        return "Of one %s there are no intervals." % what
    if count < 20:
        return ("Intervals over %d %ss, fewer than 20, can be much too narrow: "
                "they say little of others." % (count, what))
    return ""


def answer(report):
    """The sentences of the answer, each part only where it was computed."""
    curve, prediction = lead(report)
    said = ["For synthetic lesions, disks of {:,.0f} pixels (radius {:g}), {} of "
            "{} {}, "
            "chance {}.".format(
                curve["pixels"], curve["radius"], title(report["score"]),
                report["name"], spelled(blindness(curve, report)),
                two(prediction["chance"]))]
    blur = report["blur"]
    if blur:
        text = "As a blur it equals σ = %s%s pixels" % (
            few(blur["sigma"]), between(blur["interval"], few))
        if blur["sigma"] == blur["most"]:
            text += " or more"
        if blur["difference"] > 0.05:
            text += ", though no blur is close (mean difference of AP %s)" % (
                two(blur["difference"]))
        said.append(text + ".")
    seen = report["seen"]
    if seen:
        loss = seen["loss"]
        text = "Seeing the lesion %s another %s%s of AP (3.2)" if \
            loss["value"] >= 0 else "Seeing the lesion %s %s%s of AP (3.2)"
        said.append(text % (
            "costs" if loss["value"] >= 0 else "wins",
            two(abs(loss["value"])), between(
                loss["interval"] if loss["value"] >= 0 or not loss["interval"]
                else [-v for v in loss["interval"][::-1]])) + ".")
    if report["score"] == "abs":
        said.append("Theory predicts %s." % (
            ends(prediction["blind"]) if prediction["blind"]
            else "no blind interval"))
    return said


def compared(report):
    """What the second model is beside the first."""
    other = report["other"]
    return "%s %s. %s" % (other["name"], blindness(other["curve"], report),
                          difference(report))


def difference(report):
    other = report["other"]
    row = other["paired"]["mean"]
    text = "The mean AP of %s over the intensities is %s, that of %s %s" % (
        other["name"], two(row["mean_b"]), report["name"], two(row["mean_a"]))
    return text + ": a difference of %s%s, p = %s by %d %s." % (
        two(row["difference"]),
        between((row["ci_low"], row["ci_high"])
                if row["ci_low"] is not None else None),
        few(row["p"]), row["units"],
        "subjects" if report["images"]["subjects"] else "images")


RUNGS = {"raw": "the raw image", "model": "the model",
         "filled": "the model, lesion filled", "fill": "the fill itself"}


def rung(report, name, score):
    """A rung of the ladder, or None."""
    return next((r for r in report["lesions"]["rungs"]
                 if r["rung"] == name and r["score"] == score), None)


def laddered(report):
    """What the ladder on real lesions says, for the score of the answer or the
    first that it has."""
    lesions = report["lesions"]
    score = next((s for s in [report["score"], *lesions["copying"]]
                  if s in lesions["copying"]), None)
    raw = rung(report, "raw", "")
    text = "The raw image alone finds the lesions with AP %s%s, chance %s." % (
        two(raw["ap"]), between(raw["interval"]), two(raw["chance"]))
    if score is None:
        return text
    model, filled, fill, sham, fill_sham = (
        rung(report, name, score) for name in (
            "model", "filled", "fill", "filled-sham", "fill-sham"))
    copying = lesions["copying"][score]
    text += (" %s of the model: %s%s; where the model does not see the lesion: "
             "%s%s, so that copying the lesion costs %s%s; with the fill as "
             "reconstruction: %s%s. Their shams, the same on the other side, "
             "have %s and %s: as much of the last two is due to the fill, not "
             "to the lesion." % (
                 title(score), two(model["ap"]), between(model["interval"]),
                 two(filled["ap"]), between(filled["interval"]),
                 two(copying["value"]), between(copying["interval"]),
                 two(fill["ap"]), between(fill["interval"]),
                 two(sham["ap"]), two(fill_sham["ap"])))
    return text + (" %s of the lesions’ pixels have an intensity in the blind "
                   "interval of the disks of radius %g." % (
                       percent(lesions["blind"]), report["radius"]))


def rate(share):
    """A small share, with what tells it from others."""
    return "%.3g %%" % (100 * share)


def bounded(found, form=two):
    """A value with its interval."""
    return form(found["value"]) + between(found["interval"], form)


def plain(value):
    """A number of things."""
    return "undefined" if value is None else "%.1f" % value


def detected(report):
    """What is found at the first threshold, by the score of the answer, and by
    the score that finds most."""
    operating = report["lesions"]["operating"]
    lead = operating[0]
    point, unit = lead["points"][0], lead["unit"]
    metrics = point["metrics"]
    text = ("Where %s of the healthy pixels of %s reach the threshold, %s finds "
            "%s of the lesions of %s %s, with %s false regions; Dice %s. The "
            "best threshold for Dice, chosen with the masks, would have "
            "%s." % (
                rate(point["fpr"]), lead["healthy"], title(lead["score"]),
                bounded(metrics["lesion_sensitivity"]),
                "an" if unit == "image" else "a", unit,
                bounded(metrics["false_regions"], plain),
                bounded(metrics["dice"]), bounded(lead["best_dice"])))
    best = max(operating, key=lambda one: (
        one["points"][0]["metrics"]["dice"]["value"] or 0))
    if best is not lead:
        text += " The greatest Dice of all scores is that of %s, %s." % (
            title(best["score"]),
            bounded(best["points"][0]["metrics"]["dice"]))
    return text


def predicted(report):
    """The blind interval that theory gives to the lesions' places."""
    found = report["lesions"]["predicted"]["blind"]
    return "At the lesions’ places |x − x̂| is predicted to be blind to %s." % (
        ends(found) if found else "no intensity")


def placed(report):
    """Where the lesions lie on the blind interval."""
    lesions = report["lesions"]
    count, inside = len(lesions["lesions"]), [
        r for r in lesions["lesions"] if r["blind"]]
    text = "%d of %d lesions have a mean intensity in the blind interval" % (
        len(inside), count)
    for name, some in (("these", inside), ("the others", [
            r for r in lesions["lesions"] if not r["blind"]])):
        if some:
            text += ", %d of %s are found" % (
                sum(r["found"][0] for r in some), name)
    return text + ". " + predicted(report)


def size(stratum):
    if stratum["high"] is None:
        return "%d and more" % stratum["low"]
    return "%d to %d" % (stratum["low"], stratum["high"])


def methods(report):
    """A paragraph for a paper, with the numbers filled in."""
    curve, prediction = lead(report)
    images, points = report["images"], curve["points"]
    sizes = joined(["%d × %d" % (s["width"], s["height"])
                    for s in images["sizes"]])
    others = [c["score"] for c in report["curves"]
              if c["radius"] == report["radius"] and
              c["score"] != report["score"]]
    text = ("We measured the blind interval of {name} following Meissen et "
            "al. (2022) with {version}. Into each of {n} healthy images "
            "({sizes} pixels{who}) we inserted a disk of radius {radius:g} "
            "pixels ({pixels:,.0f} pixels of foreground in the mean) and "
            "constant intensity at a place drawn uniformly over the "
            "foreground{mask} (the same at all {k} intensities from {low:g} to "
            "{high:g}; seed {seed}). The model reconstructed the image without "
            "the disk. The anomaly score was {score}").format(
                name=report["name"], version=report["blindspot"].replace(
                    "blindspot ", "blindspot "), n=images["images"],
                sizes=sizes, who=" of %d subjects" % images["subjects"]
                if images["subjects"] else "", radius=curve["radius"],
                pixels=curve["pixels"], k=len(points),
                low=points[0]["intensity"], high=points[-1]["intensity"],
                seed=report["seed"], mask=" within a mask"
                if report["within"] else "", score=title(report["score"]))
    if others:
        text += "; for comparison also " + joined(
            [title(score) for score in others])
    text += (". Average precision (AP) was computed for each image over %s, "
             "and averaged over images; AP of scores in random order is %s. "
             "Intensities where mean AP, interpolated linearly, is below %s are called blind." % (
                 "the %s of its pixels within that mask" % percent(
                     images["scored"]) if report["within"] else
                 "all of its pixels", two(prediction["chance"]), level(report)))
    if curve["points"][0]["interval"]:
        text += (" Intervals are 95 %% expanded percentile bootstrap intervals "
                 "(Hesterberg, 2015; %d replicates) over %d %s." % (
                     report["replicates"], curve["units"],
                     "subjects" if images["subjects"] else
                     "images, which were taken for independent"))
    if report["blur"]:
        text += (" The equivalent blur is the Gaussian blur of the healthy "
                 "images whose curve of AP over the intensity has the least "
                 "mean absolute difference from the model's (%s)." %
                 two(report["blur"]["difference"]))
    if report["seen"]:
        text += (" The model also reconstructed the images with the disk at "
                 "%d intensities." % len(report["seen"]["points"]))
    text += " It %s." % blindness(curve, report)
    if report["lesions"]:
        found = report["lesions"]
        text += (" On %d images of %d %s with real lesions (%d), AP "
                 "was computed over the foreground of all images of a %s "
                 "together. Lesions were filled with the harmonic continuation "
                 "of their surroundings and the texture of the other side; the "
                 "sham fills the mirrored mask where it is free of "
                 "lesion." % (
                     found["images"], found["subjects"],
                     "subjects" if found["named"] else "units",
                     len(found["lesions"]),
                     "subject" if found["named"] else "unit"))
        one = found["operating"][0]
        text += (" Thresholds were set so that at most %s of the pixels "
                 "scored in healthy images (%s) reach them. A lesion, a "
                 "connected region of the mask, is found when one of its "
                 "pixels reaches the threshold; a false region touches no "
                 "lesion. Values are means over %ss." % (
                     joined([rate(p["fpr"]) for p in one["points"]]),
                     "; ".join(dict.fromkeys(
                         "the %s pixels of %s" % (
                             format(o["points"][0]["healthy_pixels"], ","),
                             o["healthy"]) for o in found["operating"])),
                     one["unit"]))
    return text


def nice(high):
    """Steps of an axis from 0 to high: about five, of 1, 2 or 5."""
    raw = high / 5
    base = 10 ** math.floor(math.log10(raw))
    return next(base * k for k in (1, 2, 5, 10) if base * k >= raw * 0.999)
