// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.profile;

import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Where the samples of a profile went.
 *
 * @param samples all of them
 * @param parts how many went to each part; parts without any are absent
 * @param guestFunctions functions of connectors by their own time, the largest first
 * @param guestSupport what guest functions were in the middle of when they were not in their own code, the largest first
 * @param hostMethods Java methods outside of connectors by their own time, the largest first
 */
public record ProfileSummary(
        long samples,
        Map<Part, Long> parts,
        List<Entry> guestFunctions,
        List<Entry> guestSupport,
        List<Entry> hostMethods) {

    /**
     * One line of a list.
     *
     * @param name the function or method
     * @param place the connector of a function, the part of a method
     * @param samples its own, without what it called; for a guest function, with the memory accesses and checks it made
     * @param supportSamples how many of them were in those accesses and checks
     */
    public record Entry(String name, String place, long samples, long supportSamples) {}

    private record Key(String name, String place) {}

    /** Copies the collections. */
    public ProfileSummary {
        parts = Collections.unmodifiableMap(parts.isEmpty() ? new EnumMap<>(Part.class) : new EnumMap<>(parts));
        guestFunctions = List.copyOf(guestFunctions);
        guestSupport = List.copyOf(guestSupport);
        hostMethods = List.copyOf(hostMethods);
    }

    static ProfileSummary of(Map<List<StackFrame>, Long> stacks) {
        Map<Part, Long> parts = new EnumMap<>(Part.class);
        Map<Key, long[]> functions = new HashMap<>();
        Map<Key, long[]> support = new HashMap<>();
        Map<Key, long[]> methods = new HashMap<>();
        long all = 0;
        for (Map.Entry<List<StackFrame>, Long> stack : stacks.entrySet()) {
            long samples = stack.getValue();
            Attribution attribution = Attribution.of(stack.getKey());
            all += samples;
            parts.merge(attribution.part(), samples, Long::sum);
            if (attribution.self() == null) {
                continue;
            }
            String name = attribution.self().name();
            if (!attribution.part().isGuest()) {
                add(methods, new Key(name, attribution.part().label()), samples, 0);
                continue;
            }
            String connector = attribution.self().guest().connector();
            boolean inSupport = attribution.support() != null;
            add(functions, new Key(name, connector), samples, inSupport ? samples : 0);
            if (inSupport) {
                add(support, new Key(attribution.support(), connector), samples, samples);
            }
        }
        return new ProfileSummary(all, parts, sorted(functions), sorted(support), sorted(methods));
    }

    /** What share of all samples went to a part, from 0 to 1. */
    public double share(Part part) {
        return samples == 0 ? 0 : (double) parts.getOrDefault(part, 0L) / samples;
    }

    /**
     * The summary as Markdown tables.
     *
     * @param top how many lines each list has at most
     */
    public String toMarkdown(int top) {
        StringBuilder out = new StringBuilder();
        out.append("| part | samples | share |\n| --- | ---: | ---: |\n");
        parts.entrySet().stream()
                .sorted(Map.Entry.<Part, Long>comparingByValue().reversed())
                .forEach(part -> row(out, part.getKey().label(), number(part.getValue()), percent(part.getValue())));
        row(out, "all", number(samples), percent(samples));
        if (!guestFunctions.isEmpty()) {
            out.append("\n| guest function | connector | own share | of it memory access and checks |\n");
            out.append("| --- | --- | ---: | ---: |\n");
            for (Entry entry : first(guestFunctions, top)) {
                row(
                        out,
                        code(entry.name()),
                        entry.place(),
                        percent(entry.samples()),
                        percent(entry.supportSamples(), entry.samples()));
            }
        }
        if (!guestSupport.isEmpty()) {
            out.append("\n| below guest functions | connector | share |\n| --- | --- | ---: |\n");
            for (Entry entry : first(guestSupport, top)) {
                row(out, code(entry.name()), entry.place(), percent(entry.samples()));
            }
        }
        if (!hostMethods.isEmpty()) {
            out.append("\n| host method | part | own share |\n| --- | --- | ---: |\n");
            for (Entry entry : first(hostMethods, top)) {
                row(out, code(entry.name()), entry.place(), percent(entry.samples()));
            }
        }
        return out.toString();
    }

    private static void add(Map<Key, long[]> sums, Key key, long samples, long supportSamples) {
        long[] sum = sums.computeIfAbsent(key, any -> new long[2]);
        sum[0] += samples;
        sum[1] += supportSamples;
    }

    private static List<Entry> sorted(Map<Key, long[]> sums) {
        return sums.entrySet().stream()
                .map(sum -> new Entry(sum.getKey().name(), sum.getKey().place(), sum.getValue()[0], sum.getValue()[1]))
                .sorted(Comparator.comparingLong(Entry::samples)
                        .reversed()
                        .thenComparing(Entry::name)
                        .thenComparing(Entry::place))
                .toList();
    }

    private static List<Entry> first(List<Entry> entries, int top) {
        return entries.subList(0, Math.min(top, entries.size()));
    }

    private static void row(StringBuilder out, String... cells) {
        out.append("| ").append(String.join(" | ", cells)).append(" |\n");
    }

    private String percent(long part) {
        return percent(part, samples);
    }

    private static String percent(long part, long whole) {
        return String.format(Locale.ROOT, "%.1f %%", whole == 0 ? 0 : 100.0 * part / whole);
    }

    private static String number(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    /** Angle brackets and underscores mean something else outside of code. */
    private static String code(String name) {
        return "`" + name.replace("|", "\\|") + "`";
    }
}
