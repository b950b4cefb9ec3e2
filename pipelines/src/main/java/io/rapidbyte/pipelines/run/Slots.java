// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Shares the threads of a run among its streams, each of which is run by itself: as large a part for each as it is of the whole, and at least one.
 * The largest begin; whoever ends makes room for the next that fits.
 */
final class Slots {
    private final List<StreamTask> waiting = new ArrayList<>();
    private int free;

    Slots(List<StreamTask> tasks, int threads) {
        this.free = threads;
        double all = tasks.stream().mapToDouble(task -> weight(task, tasks)).sum();
        for (StreamTask task : tasks) {
            double part = all == 0 ? 1.0 / tasks.size() : weight(task, tasks) / all;
            task.takeThreads((int) Math.max(1, Math.min(threads, Math.round(part * threads))));
            waiting.add(task);
        }
        waiting.sort(Comparator.comparingDouble((StreamTask task) -> weight(task, tasks))
                .reversed());
    }

    /** Takes a stream that there are threads for, waiting for them; null when no stream is left. */
    synchronized StreamTask take() throws InterruptedException {
        while (!waiting.isEmpty()) {
            for (StreamTask task : waiting) {
                if (task.threads() <= free) {
                    waiting.remove(task);
                    free -= task.threads();
                    return task;
                }
            }
            wait();
        }
        return null;
    }

    synchronized void give(StreamTask task) {
        free += task.threads();
        notifyAll();
    }

    /** Nobody takes any more. */
    synchronized void clear() {
        waiting.clear();
        notifyAll();
    }

    /** Its bytes; of a stream whose source does not know, as many as the others have in the middle. */
    private static double weight(StreamTask task, List<StreamTask> all) {
        if (task.plan().estimatedBytes() >= 0) {
            return task.plan().estimatedBytes();
        }
        return all.stream()
                .mapToLong(each -> each.plan().estimatedBytes())
                .filter(bytes -> bytes >= 0)
                .average()
                .orElse(0);
    }
}
