// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import io.rapidbyte.pipelines.config.ByteSize;
import io.rapidbyte.pipelines.config.Parallelism;
import io.rapidbyte.pipelines.config.Resources;
import io.rapidbyte.pipelines.run.RunSummary.Choice;
import io.rapidbyte.wasm.StreamPlan;
import java.util.ArrayList;
import java.util.List;

/**
 * Chooses what a pipeline file leaves open, by the size of the tables, the width of their rows, and the machine. What the file says, or pins, is
 * taken as it is.
 */
final class Autotune {
    private final Resources resources;
    private final Integer asked;
    private final List<StreamPlan> plans;
    private final int processors;
    private final long memory;
    private final List<Choice> choices = new ArrayList<>();

    private Autotune(Resources resources, Integer asked, List<StreamPlan> plans, int processors, long memory) {
        this.resources = resources;
        this.asked = asked;
        this.plans = plans;
        this.processors = processors;
        this.memory = memory;
    }

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
     * @param asked threads that the command line asks for; 0 for {@code auto}; null for what the file says
     * @param plans the streams of the run
     * @param processors of this machine
     * @param memory bytes of the heap
     */
    static Tuning of(Resources resources, Integer asked, List<StreamPlan> plans, int processors, long memory) {
        Autotune autotune = new Autotune(resources, asked, plans, processors, memory);
        int parallelism = autotune.parallelism();
        autotune.partitions();
        autotune.flush();
        return new Tuning(parallelism, List.copyOf(autotune.choices));
    }

    private int parallelism() {
        if (asked != null && asked > 0) {
            return chosen(asked, "the command line says so");
        }
        int most = Parallelism.AUTO.on(processors);
        if (asked == null && resources.parallelism().threads() > 0) {
            most = resources.parallelism().threads();
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
        choices.add(new Choice("resources.parallelism", String.valueOf(threads), reason));
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
                            ? "that is how the type of its partition key divides: "
                                    + plan.stream().partitionKey()
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
        return "it is about " + rounded(plan.estimatedBytes()) + " in rows of "
                + rounded(plan.estimatedBytes() / plan.estimatedRows());
    }

    private static String rounded(long bytes) {
        long megabyte = 1_000_000;
        if (bytes < 10_000) {
            return bytes + " bytes";
        }
        return bytes < 10 * megabyte ? bytes / 1000 + " KB" : bytes / megabyte + " MB";
    }

    private void flush() {
        ByteSize pin = resources.autotune().pinCopyFlushBytes();
        if (resources.copyFlushBytes() != null) {
            choices.add(new Choice(
                    "resources.copy_flush_bytes", resources.copyFlushBytes().toString(), "the pipeline file says so"));
        } else if (pin != null) {
            choices.add(new Choice("resources.copy_flush_bytes", pin.toString(), "pinned"));
        } else {
            choices.add(new Choice(
                    "resources.copy_flush_bytes",
                    "the destination's own",
                    "from 128 KB to 16 MB it makes no difference, whatever the width of rows"));
        }
    }
}
