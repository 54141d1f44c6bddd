#!/usr/bin/env python3
"""What a sweep costs on a cluster, from measured rates: a simulation of its
scheduling.  Each part reads all images through a file system that all share,
then computes its cells; nodes fail, and the parts on them begin again.

usage: cluster.py [images=N] [cells=N] [parts=N] [tasks=N] [cores=N] [rate=R]
                  [size=BYTES] [disk=BYTES] [starts=R] [spread=S] [mtbf=SECONDS]
"""
import heapq
import random
import sys

# rate: cells of an image a second and core, as CONTRIBUTING.md says; size: of an
# image in bytes, 256 x 256 floats; disk: of the file system, bytes a second;
# starts: tasks that the scheduler starts a second; spread: of the time of parts;
# mtbf: seconds from one failure of a node to its next.
GIVEN = dict(images=1e6, cells=1e4, parts=400, tasks=100, cores=8, rate=90000,
             size=262144, disk=2e9, starts=20, spread=0.2, mtbf=30 * 86400)


def simulate(images, cells, parts, tasks, cores, rate, size, disk, starts,
             spread, mtbf, seed=0):
    """Seconds until all parts are made, seconds of work, and failures.

    A part that reads shares the disk with those that read; that is taken as
    its mean: as many as there are tasks, for the share of time that they read.
    """
    draw = random.Random(seed)
    compute = images * cells / parts / rate / cores
    read = images * size / disk
    # With r readers of n tasks each reads r times as long: solve for the mean.
    readers = 1.0
    for _ in range(100):
        share = read * readers / (read * readers + compute)
        readers = 0.5 * readers + 0.5 * max(1.0, min(tasks, parts) * share)
    waiting = [compute * draw.lognormvariate(-spread ** 2 / 2, spread)
               + read * readers for _ in range(int(parts))]
    work = sum(waiting)
    free = [(0.0, k) for k in range(int(tasks))]
    heapq.heapify(free)
    begun, end, failures = 0.0, 0.0, 0
    while waiting:
        seconds = waiting.pop()
        at, k = heapq.heappop(free)
        at = begun = max(at, begun + 1 / starts)
        fails = draw.expovariate(1 / mtbf)
        if fails < seconds:
            failures += 1
            waiting.append(seconds)
            seconds = fails
        end = max(end, at + seconds)
        heapq.heappush(free, (at + seconds, k))
    return end, work, failures, compute, read * readers


def main(words):
    given = dict(GIVEN)
    for word in words:
        name, _, value = word.partition("=")
        if name not in given:
            sys.exit(f"cluster.py: no {name}, expected one of: "
                     + " ".join(given))
        given[name] = float(value)
    print("parts\ttasks\thours\tcompute_s\tread_s\tread_TB\tbusy\tfailures")
    counts = ([given["parts"]] if any(w.startswith("parts=") for w in words)
              else [25, 100, 400, 1600])
    for parts in counts:
        given["parts"] = parts
        end, work, failures, compute, read = simulate(**given)
        busy = work / end / min(given["tasks"], parts)
        print(f"{parts:.0f}\t{given['tasks']:.0f}\t{end / 3600:.2f}"
              f"\t{compute:.0f}\t{read:.0f}"
              f"\t{parts * given['images'] * given['size'] / 1e12:.1f}"
              f"\t{busy:.2f}\t{failures}")


if __name__ == "__main__":
    main(sys.argv[1:])
