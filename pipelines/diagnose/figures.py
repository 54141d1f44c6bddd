"""Figures as SVG text.  Colours come from the page, so that it can be light or
dark; every figure has a title and a description for those who do not see it.
"""

import html
import math

import words


def num(value):
    return ("%.1f" % value).rstrip("0").rstrip(".")


class Plot:
    """Axes with what is drawn between them."""

    def __init__(self, width, height, x, y, left=40, right=10, top=10,
                 bottom=34):
        self.width, self.height = width, height
        self.x, self.y = x, y
        self.left, self.right = left, width - right
        self.top, self.bottom = top, height - bottom
        self.parts = []

    def at(self, x, y):
        (a, b), (c, d) = self.x, self.y
        return (self.left + (x - a) / (b - a) * (self.right - self.left),
                self.bottom - (y - c) / (d - c) * (self.bottom - self.top))

    def add(self, text):
        self.parts.append(text)

    def rule(self, x1, y1, x2, y2, kind):
        (a, b), (c, d) = self.at(x1, y1), self.at(x2, y2)
        self.add('<line class="%s" x1="%s" y1="%s" x2="%s" y2="%s"/>' % (
            kind, num(a), num(b), num(c), num(d)))

    def text(self, x, y, words_, anchor="start", kind="", turn=False):
        self.add('<text x="%s" y="%s" text-anchor="%s"%s%s>%s</text>' % (
            num(x), num(y), anchor, ' class="%s"' % kind if kind else "",
            ' transform="rotate(-90 %s %s)"' % (num(x), num(y))
            if turn else "", html.escape(words_)))

    def axes(self, xlabel, ylabel, xticks, yticks, form=words.two):
        for y, name in yticks:
            self.rule(self.x[0], y, self.x[1], y, "grid")
            self.text(self.left - 5, self.at(0, y)[1] + 3.5, name, "end")
        for x, name in xticks:
            px = self.at(x, self.y[0])[0]
            self.add('<line class="tick" x1="%s" y1="%s" x2="%s" y2="%s"/>' %
                     (num(px), num(self.bottom), num(px),
                      num(self.bottom + 4)))
            self.text(px, self.bottom + 15, name, "middle")
        self.add('<line class="axis" x1="%s" y1="%s" x2="%s" y2="%s"/>' % (
            num(self.left), num(self.bottom), num(self.right),
            num(self.bottom)))
        if xlabel:
            self.text((self.left + self.right) / 2, self.bottom + 29, xlabel,
                      "middle")
        if ylabel:
            self.text(10, (self.top + self.bottom) / 2, ylabel, "middle",
                      turn=True)

    def line(self, points, kind):
        """Broken where a value is not defined."""
        pen, moves = False, []
        for x, y in points:
            if y is None:
                pen = False
                continue
            a, b = self.at(x, y)
            moves.append("%s%s %s" % ("L" if pen else "M", num(a), num(b)))
            pen = True
        if moves:
            self.add('<path class="%s" d="%s"/>' % (kind, "".join(moves)))

    def band(self, points, kind):
        """Between low and high of each (x, low, high)."""
        if len(points) > 1:
            there = [self.at(x, high) for x, _, high in points]
            back = [self.at(x, low) for x, low, _ in reversed(points)]
            self.add('<polygon class="%s" points="%s"/>' % (kind, " ".join(
                "%s,%s" % (num(a), num(b)) for a, b in there + back)))

    def box(self, x1, y1, x2, y2, kind, extra=""):
        (a, b), (c, d) = self.at(x1, y1), self.at(x2, y2)
        self.add('<rect class="%s" x="%s" y="%s" width="%s" height="%s"%s/>' %
                 (kind, num(min(a, c)), num(min(b, d)), num(abs(c - a)),
                  num(abs(d - b)), extra))

    def dot(self, x, y, kind, size=3.2):
        a, b = self.at(x, y)
        self.add('<circle class="%s" cx="%s" cy="%s" r="%s"/>' % (
            kind, num(a), num(b), size))

    def svg(self, title, about, kind="figure"):
        return ('<svg class="%s" viewBox="0 0 %d %d" role="img" '
                'aria-label="%s"><title>%s</title><desc>%s</desc>%s</svg>' % (
                    kind, self.width, self.height, html.escape(
                        title + ". " + about, True), html.escape(title),
                    html.escape(about), "".join(self.parts)))


TENTHS = [(0, "0"), (0.25, ".25"), (0.5, ".5"), (0.75, ".75"), (1, "1")]


def span(curve):
    points = curve["points"]
    return points[0]["intensity"], points[-1]["intensity"]


def ticks(low, high):
    step = words.nice(high - low)
    first = math.ceil(low / step - 1e-9)
    return [(k * step, "%g" % round(k * step, 9))
            for k in range(first, int(high / step + 1e-9) + 1)]


def ap_line(curve):
    return [(p["intensity"], p["ap"]) for p in curve["points"]]


def ap_band(curve):
    return [(p["intensity"], *p["interval"]) for p in curve["points"]
            if p["interval"]]


def blind_boxes(plot, curve):
    for b in curve["blind"]:
        plot.box(b["low"], plot.y[0], b["high"], plot.y[1], "blind")


def key(entries):
    """The legend, as HTML beside a figure; each with the look of its line."""
    return '<p class="key">%s</p>' % " ".join(
        '<span><svg viewBox="0 0 26 10" aria-hidden="true">%s</svg> %s</span>' %
        (('<rect class="%s" x="0" y="0" width="26" height="10"/>' % kind)
         if kind.startswith(("band", "blind", "bar")) else
         ('<circle class="%s" cx="13" cy="5" r="3.5"/>' % kind)
         if kind.startswith("dot") else
         '<line class="%s" x1="0" y1="5" x2="26" y2="5"/>' % kind,
         html.escape(text)) for kind, text in entries)


def main_curve(report):
    """AP against the intensity, and the histograms on the same axis."""
    curve, prediction = words.lead(report)
    low, high = span(curve)
    plot = Plot(440, 250, (low, high), (0, 1), bottom=18)
    blind_boxes(plot, curve)
    plot.axes("", "average precision", ticks(low, high), TENTHS)
    plot.rule(low, report["below"], high, report["below"], "level")
    plot.rule(low, prediction["chance"], high, prediction["chance"], "chance")
    plot.band(ap_band(curve), "band one")
    entries = [("line one", "3.1: the model sees the healthy image")]
    if report["score"] == "abs":
        plot.line([(p["intensity"], p["ap"]) for p in prediction["points"]],
                  "line theory")
        entries.append(("line theory", "predicted from two histograms"))
    plot.line(ap_line(curve), "line one")
    if report["seen"]:
        points = report["seen"]["points"]
        plot.line([(p["intensity"], p["ap"]) for p in points], "line two")
        for p in points:
            if p["interval"]:
                plot.rule(p["intensity"], p["interval"][0], p["intensity"],
                          p["interval"][1], "whisker two")
            if p["ap"] is not None:
                plot.dot(p["intensity"], p["ap"], "dot two")
        entries.append(("line two", "3.2: it sees the anomaly"))
    entries += [("level", "AP %s" % words.level(report)),
                ("chance", "chance"), ("blind", "blind")]
    if ap_band(curve):
        entries.insert(1, ("band one", "95 % interval"))
    first = plot.svg("Average precision against the intensity of the anomaly",
                     "The curve of %s %s." % (
                         words.title(report["score"]),
                         words.blindness(curve, report)))
    shares = report["histograms"]
    lesions = report["lesions"]
    most = max(shares["tissue"] + shares["reconstruction"]) or 1
    below = Plot(440, 110, (low, high), (0, most), top=4)
    blind_boxes(below, curve)
    below.axes("intensity", "share", ticks(low, high), [(0, "0")])
    bins = len(shares["tissue"])
    for k, share in enumerate(shares["tissue"]):
        a, b = max(k / bins, low), min((k + 1) / bins, high)
        if share and b > a:
            below.box(a, 0, b, share, "bar")
    def stairs(values, kind):
        below.line([(x, share) for k, share in enumerate(values)
                    for x in (k / bins, (k + 1) / bins) if low <= x <= high],
                   kind)
    stairs(shares["reconstruction"], "line one")
    if lesions:
        # Lesions of one intensity would flatten the others.
        scale = most / (max(lesions["histogram"]) or 1)
        stairs([scale * v for v in lesions["histogram"]], "line two")
    second = below.svg("Histograms of healthy tissue and of its reconstruction",
                       "On the same axis; the blind interval is shaded.")
    return key(entries) + first + second + key([
        ("bar", "healthy tissue x"), ("line one", "reconstruction x̂")] +
        ([("line two", "real lesions, to the same height")] if lesions else []))


# Dark violet where AP is 0, pale yellow where it is 1.
RAMP = [(68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98),
        (253, 231, 37)]


def ramp(value):
    if value is None:
        return "#888"
    at = min(max(value, 0), 1) * 4
    k = min(int(at), 3)
    return "#%02x%02x%02x" % tuple(
        round(a + (at - k) * (b - a)) for a, b in zip(RAMP[k], RAMP[k + 1]))


def radius_map(report):
    """Radius against intensity, with the blind interval of each radius."""
    rows = [c for c in report["curves"] if c["score"] == report["score"]]
    low, high = span(rows[0])
    count = len(rows[0]["points"])
    half = (high - low) / (count - 1) / 2
    plot = Plot(440, 46 + 40 * len(rows), (low - half, high + half),
                (0, len(rows)), left=52, bottom=36)
    for k, curve in enumerate(rows):
        for p in curve["points"]:
            plot.box(p["intensity"] - half, k + 0.02, p["intensity"] + half,
                     k + 0.98, "cell", ' fill="%s"' % ramp(p["ap"]))
        for b in curve["blind"]:
            plot.box(b["low"], k + 0.12, b["high"], k + 0.88, "outline-dark")
            plot.box(b["low"], k + 0.12, b["high"], k + 0.88, "outline")
        x, y = plot.at(low - half, k + 0.5)
        plot.text(x - 5, y + 4, "%g" % curve["radius"], "end")
    plot.axes("intensity", "radius", ticks(low, high), [])
    scale = "".join('<i style="background:%s"></i>' % ramp(k / 10)
                    for k in range(11))
    return plot.svg(
        "Average precision for each radius and intensity",
        "; ".join("radius %g %s" % (
            c["radius"], "is blind to " + words.ends(c["blind"])
            if c["blind"] else "is blind to nothing") for c in rows)) + \
        '<p class="key"><span>AP 0</span><span class="ramp">%s</span>' \
        '<span>1</span> <span>outlined: blind</span></p>' % scale


def score_panels(report):
    """A small panel for each score, at the radius of the answer."""
    lead, _ = words.lead(report)
    text = []
    for curve in report["curves"]:
        if curve["radius"] != report["radius"]:
            continue
        low, high = span(curve)
        plot = Plot(210, 130, (low, high), (0, 1), left=26, right=8,
                    bottom=20)
        blind_boxes(plot, curve)
        plot.axes("", "", [(low, "%g" % low), (high, "%g" % high)],
                  [(0, "0"), (report["below"], words.level(report)),
                   (1, "1")])
        if curve is not lead:
            plot.line(ap_line(lead), "line faint")
        plot.band(ap_band(curve), "band one")
        plot.line(ap_line(curve), "line one")
        about = "blind: " + (words.ends(curve["blind"]) if curve["blind"]
                             else "nothing")
        text.append('<figure class="panel"><figcaption>%s<br><small>%s; mean '
                    'AP %s</small></figcaption>%s</figure>' % (
                        html.escape(words.title(curve["score"])), about,
                        words.two(curve["mean"]), plot.svg(
                            "Average precision of " +
                            words.title(curve["score"]), about, "figure")))
    return '<div class="panels">%s</div>' % "".join(text)


def dots(rows, title, about, level, chance=None, single=None,
         axis="average precision"):
    """Values from 0 to 1 with their intervals, a row each: (name, value,
    interval, kind); and single values of each row."""
    plot = Plot(440, 40 + 20 * len(rows), (0, 1), (0, len(rows)), left=150,
                bottom=34)
    plot.axes(axis, "", TENTHS, [])
    for x, _ in TENTHS:
        plot.rule(x, 0, x, len(rows), "grid")
    if level is not None:
        plot.rule(level, 0, level, len(rows), "level")
    if chance is not None:
        plot.rule(chance, 0, chance, len(rows), "chance")
    for k, (name, value, interval, kind) in enumerate(reversed(rows)):
        y = k + 0.5
        plot.text(plot.left - 8, plot.at(0, y)[1] + 4, name, "end")
        for v in single[len(rows) - 1 - k] if single else []:
            if v is not None:
                plot.dot(v, y, "dot small", 2)
        if value is None:
            continue
        if interval:
            plot.rule(interval[0], y, interval[1], y, "whisker " + kind)
        plot.dot(value, y, "dot " + kind, 4)
    return plot.svg(title, about)


def ladder(report):
    """A panel for each score: AP of the rungs, with the shams beneath."""
    lesions, text = report["lesions"], []
    for score in lesions["copying"] or [""]:
        rows, lines = [], []
        for name, label in words.RUNGS.items():
            found = words.rung(report, name, "" if name == "raw" else score)
            if found:
                rows.append((label, found["ap"], found["interval"], "one"))
                lines.append(found)
            found = words.rung(report, name + "-sham", score)
            if found:
                rows.append(("its sham", found["ap"], found["interval"],
                             "two"))
                lines.append(found)
        text.append("<h3>%s</h3>" % html.escape(
            words.title(score) if score else "Raw image") + dots(
                rows, "The ladder for " + words.title(score), "; ".join(
                    "%s %s" % (row[0], words.two(row[1])) for row in rows),
                report["below"], lines[0]["chance"],
                [line["subjects"] for line in lines]))
    return key([("dot one", "mean over subjects, 95 % interval"),
                ("dot two", "sham"), ("dot small", "a subject"),
                ("chance", "chance")]) + "".join(text)


def operating_points(report):
    """Lesions found and Dice of each score, a figure for each threshold."""
    text = []
    for k, point in enumerate(report["lesions"]["operating"][0]["points"]):
        rows, about = [], []
        for one in report["lesions"]["operating"]:
            metrics = one["points"][k]["metrics"]
            found, dice = metrics["lesion_sensitivity"], metrics["dice"]
            rows += [(words.title(one["score"]), found["value"],
                      found["interval"], "one"),
                     ("Dice", dice["value"], dice["interval"], "two")]
            about.append("%s %s, Dice %s" % (
                words.title(one["score"]), words.two(found["value"]),
                words.two(dice["value"])))
        text.append("<h3>%s of healthy pixels reach the threshold</h3>" %
                    words.rate(point["fpr"]) + dots(
                        rows, "Share of the lesions found and Dice where %s of "
                        "healthy pixels reach the threshold" %
                        words.rate(point["fpr"]), "; ".join(about), None,
                        axis="share of lesions found, Dice"))
    return key([("dot one", "share of lesions found, 95 % interval"),
                ("dot two", "Dice at the same threshold")]) + "".join(text)


def lesion_places(report):
    """Above, AP as predicted for the lesions' places; beneath, each lesion by
    its intensity and size."""
    curve, everywhere = words.lead(report)
    lesions = report["lesions"]
    low, high = span(curve)
    plot = Plot(440, 170, (low, high), (0, 1), bottom=18)
    plot.axes("", "average precision", ticks(low, high), TENTHS)
    plot.rule(low, report["below"], high, report["below"], "level")
    plot.line(ap_line(everywhere), "line faint")
    plot.line(ap_line(lesions["predicted"]), "line theory")
    first = key([("line theory", "predicted for the lesions’ places"),
                 ("line faint", "for disks anywhere"),
                 ("level", "AP " + words.level(report))]) + plot.svg(
        "Average precision as predicted for the lesions’ places",
        words.predicted(report))
    most = max(max(r["pixels"] for r in lesions["lesions"]), 10)
    decades = math.ceil(math.log10(most))
    below = Plot(440, 200, (low, high), (0, decades), top=6)
    blind_boxes(below, curve)
    below.axes("mean intensity of the lesion", "pixels", ticks(low, high), [
        (k, format(10 ** k, ",")) for k in range(decades + 1)])
    for r in lesions["lesions"]:
        below.dot(min(max(r["intensity"], low), high),
                  math.log10(r["pixels"]),
                  "dot " + ("one" if r["found"][0] else "open"), 2.6)
    seen = sum(r["found"][0] for r in lesions["lesions"])
    return first + below.svg(
        "Each lesion by its intensity and its size",
        "%d of %d lesions are found by %s where %s of healthy pixels reach the "
        "threshold; the blind interval is shaded." % (
            seen, len(lesions["lesions"]), words.title(report["score"]),
            words.rate(lesions["operating"][0]["points"][0]["fpr"]))) + key([
                ("dot one", "a lesion that is found"),
                ("dot open", "one that is missed"),
                ("blind", "blind to disks")])


def texture_panels(report):
    text = []
    kinds = dict.fromkeys(row["texture"] for row in report["textures"])
    for kind in kinds:
        rows = [row for row in report["textures"] if row["texture"] == kind]
        text.append("<h3>%s</h3>" % html.escape(kind) + dots(
            [(words.title(row["score"]), row["ap"], row["interval"], "one")
             for row in rows], "Average precision on the texture " + kind,
            "; ".join("%s %s" % (words.title(row["score"]),
                                 words.two(row["ap"])) for row in rows),
            report["below"]))
    return "".join(text)


def error_tail(report):
    """The share of healthy tissue whose error is at least t."""
    points = [(p["error"], p["share"]) for p in report["error"]["tail"]
              if p["share"] > 0]
    least = min(p[1] for p in points)
    decades = max(math.ceil(-math.log10(least)), 1)
    high = max(points[-1][0], 1e-3)
    plot = Plot(440, 230, (0, high), (-decades, 0), left=58)
    plot.axes("error |x − x̂|", "share of tissue with more", ticks(0, high), [
        (-k, "1" if k == 0 else "1/" + ("%d" % 10 ** k if k < 4 else
                                        "10" + "⁰¹²³⁴⁵⁶⁷⁸⁹"[k]))
        for k in range(decades + 1)])
    for row in report["predictions"]:
        if row["half_width"] and row["half_width"] <= high:
            plot.rule(row["half_width"], -decades, row["half_width"], 0,
                      "level")
            a, b = plot.at(row["half_width"], 0)
            plot.text(a + 3, b + 9 + 11 * (report["predictions"].index(row)
                                           % 4),
                      "radius %g" % row["radius"], kind="small")
    plot.line([(x, math.log10(y)) for x, y in points], "line one")
    return plot.svg("Distribution of the reconstruction error", "; ".join(
        "%s of healthy tissue has an error below %s" % (
            "%g %%" % (100 * q["share"]), words.few(q["error"]))
        for q in report["error"]["quantiles"]))


def two_curves(one, two, names, report, title):
    """Curves of AP on one pair of axes."""
    low, high = span(one)
    plot = Plot(440, 230, (low, high), (0, 1))
    plot.axes("intensity", "average precision", ticks(low, high), TENTHS)
    plot.rule(low, report["below"], high, report["below"], "level")
    for curve, kind in ((one, "one"), (two, "two")):
        if "blind" in curve:
            plot.band(ap_band(curve), "band " + kind)
        plot.line(ap_line(curve), "line " + kind)
    return key([("line one", names[0]), ("line two", names[1])]) + plot.svg(
        title, "%s in the first colour, %s in the second" % names)


def difference(report):
    points = report["other"]["paired"]["points"]
    low, high = points[0]["intensity"], points[-1]["intensity"]
    most = max([abs(v) for p in points for v in
                [p["difference"]] + (p["interval"] or [])] + [0.1])
    most = min(math.ceil(most * 10) / 10, 1)
    plot = Plot(440, 150, (low, high), (-most, most))
    plot.axes("intensity", "difference", ticks(low, high), [
        (-most, "−" + words.two(most)), (0, "0"), (most, words.two(most))])
    plot.band([(p["intensity"], *p["interval"]) for p in points
               if p["interval"]], "band one")
    plot.line([(p["intensity"], p["difference"]) for p in points], "line one")
    plot.rule(low, 0, high, 0, "level")
    return plot.svg("Difference of average precision",
                    "Above 0 the first model finds more.")
