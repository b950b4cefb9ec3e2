// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.profile;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import one.convert.Arguments;

/**
 * Sampled stacks with how often each was seen, as async-profiler writes them: a stack a line, frames from the outermost on
 * with semicolons between them, a blank, a number. Immutable.
 */
public final class FlameGraph {
    private final Map<List<StackFrame>, Long> stacks;

    private FlameGraph(Map<List<StackFrame>, Long> stacks) {
        this.stacks = stacks;
    }

    /**
     * Reads collapsed stacks.
     *
     * @throws IOException when the file cannot be read, or a line is no stack; the message names the line
     */
    public static FlameGraph read(Path collapsed) throws IOException {
        Map<List<StackFrame>, Long> stacks = new LinkedHashMap<>();
        // A profile repeats few frames many times.
        Map<String, StackFrame> known = new HashMap<>();
        try (BufferedReader lines = Files.newBufferedReader(collapsed, StandardCharsets.UTF_8)) {
            int number = 0;
            String line;
            while ((line = lines.readLine()) != null) {
                number++;
                int blank = line.lastIndexOf(' ');
                if (blank <= 0 || !line.substring(blank + 1).matches("\\d{1,18}")) {
                    throw new IOException(collapsed + ", line " + number
                            + ", is not a collapsed stack: it does not end with a blank and a number.");
                }
                List<StackFrame> stack = new ArrayList<>();
                for (String frame : line.substring(0, blank).split(";")) {
                    stack.add(known.computeIfAbsent(frame, StackFrame::parse));
                }
                stacks.merge(stack, Long.parseLong(line.substring(blank + 1)), Long::sum);
            }
        }
        return new FlameGraph(stacks);
    }

    /** The same stacks with compiled guest code under the names of the connectors' sources. */
    public FlameGraph withGuestNames(GuestNames names) {
        Map<StackFrame, StackFrame> known = new HashMap<>();
        return map(stack -> stack.stream()
                .map(frame -> known.computeIfAbsent(frame, each -> each.named(names)))
                .toList());
    }

    /** The same stacks with the threads of a kind taken together: numbers and ids are left out of their names. */
    public FlameGraph withThreadKinds() {
        return map(stack -> {
            List<StackFrame> grouped = new ArrayList<>(stack);
            grouped.set(0, stack.get(0).ofThreadKind());
            return grouped;
        });
    }

    /** How many samples there are. */
    public long samples() {
        return stacks.values().stream().mapToLong(Long::longValue).sum();
    }

    /** What the samples were spent for. Guest code is only recognised {@linkplain #withGuestNames with its names}. */
    public ProfileSummary summary() {
        return ProfileSummary.of(stacks);
    }

    /**
     * Writes the stacks in the form that {@link #read} takes.
     *
     * @throws IOException when the file cannot be written
     */
    public void writeCollapsed(Path file) throws IOException {
        Files.writeString(file, collapsed(), StandardCharsets.UTF_8);
    }

    /**
     * Writes a page that shows the flame graph and needs nothing beside itself.
     *
     * @param title what stands above the graph
     * @throws IOException when the file cannot be written
     */
    public void writeHtml(Path file, String title) throws IOException {
        Arguments arguments = new Arguments("--title", title, "--output", "html");
        one.convert.FlameGraph converter = new one.convert.FlameGraph(arguments);
        converter.parseCollapsed(new StringReader(collapsed()));
        try (OutputStream out = Files.newOutputStream(file)) {
            converter.dump(out);
        }
    }

    private String collapsed() {
        StringBuilder out = new StringBuilder();
        stacks.forEach((stack, samples) -> {
            String gap = "";
            for (StackFrame frame : stack) {
                out.append(gap).append(frame.text());
                gap = ";";
            }
            out.append(' ').append(samples).append('\n');
        });
        return out.toString();
    }

    private FlameGraph map(UnaryOperator<List<StackFrame>> change) {
        Map<List<StackFrame>, Long> changed = new LinkedHashMap<>();
        stacks.forEach((stack, samples) -> changed.merge(change.apply(stack), samples, Long::sum));
        return new FlameGraph(changed);
    }
}
