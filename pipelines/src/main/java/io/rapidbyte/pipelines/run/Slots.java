// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Shares the threads of a run among groups of its streams, each of which is run by itself: as large a part for each as it is of the whole, and at
 * least one. The largest begin; whoever ends makes room for the next that fits.
 */
final class Slots {
    private final List<Slot> waiting = new ArrayList<>();
    private int free;

    /**
     * Streams that are run as one graph.
     *
     * @param threads how many threads they have
     */
    record Slot(List<StreamTask> group, int threads) {}

    Slots(List<List<StreamTask>> groups, int threads) {
        this.free = threads;
        double known = groups.stream()
                .flatMap(List::stream)
                .mapToLong(task -> task.plan().estimatedBytes())
                .filter(bytes -> bytes >= 0)
                .average()
                .orElse(1);
        double all = groups.stream().mapToDouble(group -> weight(group, known)).sum();
        groups.stream()
                .sorted(Comparator.comparingDouble((List<StreamTask> group) -> weight(group, known))
                        .reversed())
                .forEach(group -> {
                    double part = all == 0 ? 1.0 / groups.size() : weight(group, known) / all;
                    waiting.add(new Slot(group, (int) Math.max(1, Math.min(threads, Math.round(part * threads)))));
                });
    }

    /** Takes a group that there are threads for, waiting for them; null when none is left. */
    synchronized Slot take() throws InterruptedException {
        while (!waiting.isEmpty()) {
            for (Slot slot : waiting) {
                if (slot.threads() <= free) {
                    waiting.remove(slot);
                    free -= slot.threads();
                    return slot;
                }
            }
            wait();
        }
        return null;
    }

    synchronized void give(Slot slot) {
        free += slot.threads();
        notifyAll();
    }

    /** Nobody takes any more. */
    synchronized void clear() {
        waiting.clear();
        notifyAll();
    }

    /** Its bytes; a stream whose source does not know counts as much as the others do in the middle. */
    private static double weight(List<StreamTask> group, double unknown) {
        return group.stream()
                .mapToLong(task -> task.plan().estimatedBytes())
                .mapToDouble(bytes -> bytes < 0 ? unknown : bytes)
                .sum();
    }
}
