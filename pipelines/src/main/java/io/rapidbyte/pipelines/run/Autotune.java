// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import io.rapidbyte.pipelines.config.ByteSize;
import io.rapidbyte.pipelines.config.Resources;
import io.rapidbyte.wasm.StreamPlan;
import java.util.ArrayList;
import java.util.List;

/**
 * Chooses what a pipeline file leaves open, by the size of the tables, the width of their rows, and the machine. What the file says, or pins, is
 * taken as it is.
 */
final class Autotune {
    private final Resources resources;
    private final List<StreamPlan> plans;
    private final int processors;
    private final long memory;
    private final List<Choice> choices = new ArrayList<>();

    private Autotune(Resources resources, List<StreamPlan> plans, int processors, long memory) {
        this.resources = resources;
        this.plans = plans;
        this.processors = processors;
        this.memory = memory;
    }

    /**
     * Something that was chosen, and why.
     *
     * @param name what, as the pipeline file calls it; of one stream with its name before it
     * @param value what was chosen
     * @param reason why, for people
     */
    record Choice(String name, String value, String reason) {}

    /**
     * What a run goes by.
     *
     * @param parallelism threads
     * @param choices all that was chosen
     */
    record Tuning(int parallelism, List<Choice> choices) {}

    /**
     * Chooses.
     *
     * @param plans the streams of the run
     * @param processors of this machine
     * @param memory bytes of the heap
     */
    static Tuning of(Resources resources, List<StreamPlan> plans, int processors, long memory) {
        Autotune autotune = new Autotune(resources, plans, processors, memory);
        int parallelism = autotune.parallelism();
        autotune.partitions();
        autotune.flush();
        return new Tuning(parallelism, List.copyOf(autotune.choices));
    }

    private int parallelism() {
        int most = resources.parallelism().on(processors);
        if (resources.parallelism().threads() > 0) {
            return chosen(most, "the pipeline file says so");
        }
        if (!resources.autotune().enabled()) {
            return chosen(most, "autotune is off, and there are " + processors + " processors");
        }
        if (resources.autotune().pinParallelism() != null) {
            return chosen(resources.autotune().pinParallelism(), "pinned");
        }
        long units = plans.stream().mapToLong(StreamPlan::units).sum();
        int useful = (int) Math.max(1, Math.min(most, units));
        int fitting = WideRows.most(useful, plans, memory);
        if (fitting < useful) {
            return chosen(fitting, "rows are so wide that more threads at once would not fit into the heap");
        }
        return useful < most
                ? chosen(useful, "there is no more than that to read side by side")
                : chosen(most, "reading and writing overlap on " + processors + " processors");
    }

    private int chosen(int threads, String reason) {
        choices.add(new Choice("parallelism", String.valueOf(threads), reason));
        return threads;
    }

    private void partitions() {
        for (StreamPlan plan : plans) {
            String pin = plan.stream().partitionKey() == null
                    ? null
                    : resources.autotune().pinSourcePartitionMode();
            String reason = pin != null
                    ? "pinned to " + pin
                    : plan.stream().partitionKey() != null
                            ? "by the type of " + plan.stream().partitionKey()
                            : size(plan);
            choices.add(new Choice(
                    plan.stream().name() + ".partitions",
                    plan.units() + " " + plan.unitKind().replace('_', ' '),
                    reason));
        }
    }

    private static String size(StreamPlan plan) {
        if (plan.estimatedBytes() < 0 || plan.estimatedRows() < 1) {
            return "the source does not know its size";
        }
        return "about " + new ByteSize(plan.estimatedBytes()) + " in rows of "
                + new ByteSize(plan.estimatedBytes() / plan.estimatedRows());
    }

    private void flush() {
        ByteSize pin = resources.autotune().pinCopyFlushBytes();
        if (resources.copyFlushBytes() != null) {
            choices.add(
                    new Choice("copy_flush_bytes", resources.copyFlushBytes().toString(), "the pipeline file says so"));
        } else if (pin != null) {
            choices.add(new Choice("copy_flush_bytes", pin.toString(), "pinned"));
        } else {
            choices.add(new Choice(
                    "copy_flush_bytes",
                    "the destination's own",
                    "measured to be the same for rows of 98 bytes, 1.6 KB and 64 KB, from 128 KB to 16 MB"));
        }
    }
}
