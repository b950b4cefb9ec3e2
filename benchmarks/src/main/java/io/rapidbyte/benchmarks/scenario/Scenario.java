// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.scenario;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.rapidbyte.pipelines.config.ByteSize;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import javax.annotation.Nullable;

/**
 * What is measured in one run, as its YAML file says it.
 *
 * @param name without spaces; what results are filed under
 * @param description one sentence
 * @param profile which table is copied
 * @param rows how many rows it has; several are several tables, one after the other
 * @param measure what the clock covers
 * @param warmup copies of each contender before the first that counts; where each copy has a process of its own, of those contenders alone that
 *     keep something on disk from one process to the next
 * @param iterations copies of each contender that count
 * @param network what lies between contender and server; null for nothing
 * @param contenders who copies, in turn; the first is what {@code vary} varies
 * @param vary for each setting the values that the first contender is measured with, each setting in a group of its own together with
 *     the unvaried contender; empty for one group of all contenders
 */
public record Scenario(
        String name,
        String description,
        TableProfile profile,
        List<Long> rows,
        Measure measure,
        int warmup,
        int iterations,
        @Nullable Network network,
        List<Entry> contenders,
        Map<String, List<String>> vary) {

    @JsonCreator
    static Scenario fromYaml(
            @JsonProperty(value = "name", required = true) String name,
            @JsonProperty(value = "description", required = true) String description,
            @JsonProperty("profile") TableProfile profile,
            @JsonProperty(value = "rows", required = true) List<Long> rows,
            @JsonProperty("measure") Measure measure,
            @JsonProperty("warmup") Integer warmup,
            @JsonProperty("iterations") Integer iterations,
            @JsonProperty("network") Network network,
            @JsonProperty(value = "contenders", required = true) List<Entry> contenders,
            @JsonProperty("vary") Map<String, List<String>> vary) {
        Measure measured = measure == null ? Measure.STEADY : measure;
        return new Scenario(
                name,
                description,
                profile == null ? TableProfile.SMALL : profile,
                rows,
                measured,
                warmup == null ? defaultWarmup(measured) : warmup,
                iterations == null ? 5 : iterations,
                network,
                contenders,
                vary == null ? Map.of() : vary);
    }

    public Scenario {
        rows = List.copyOf(rows);
        contenders = List.copyOf(contenders);
        vary = new LinkedHashMap<>(vary);
        if (!name.matches("[a-z0-9][a-z0-9-]*")) {
            throw new IllegalArgumentException(
                    "The scenario's name is '" + name + "'; expected lower-case letters, digits and hyphens.");
        }
        if (rows.isEmpty() || rows.stream().anyMatch(count -> count < 1)) {
            throw new IllegalArgumentException("The scenario's rows are " + rows + "; expected numbers above zero.");
        }
        if (iterations < 1 || warmup < 0) {
            throw new IllegalArgumentException("The scenario has " + iterations + " iterations after " + warmup
                    + " for warm-up; expected at least one iteration.");
        }
        if (contenders.isEmpty()) {
            throw new IllegalArgumentException("The scenario has no contenders; name at least one.");
        }
        vary.forEach((setting, values) -> {
            if (values.isEmpty()) {
                throw new IllegalArgumentException("The scenario varies " + setting + " over no values.");
            }
            values.forEach(value -> Settings.of(Map.of(setting, value)));
        });
    }

    private static int defaultWarmup(Measure measure) {
        return measure == Measure.PROCESS ? 1 : 2;
    }

    /**
     * A contender and its settings.
     *
     * @param contender which
     * @param settings how
     */
    public record Entry(String contender, Settings settings) {
        @JsonCreator
        static Entry fromYaml(
                @JsonProperty(value = "contender", required = true) String contender,
                @JsonProperty("settings") Settings settings) {
            return new Entry(contender, settings == null ? Settings.NONE : settings);
        }

        /** Unique within a scenario. */
        public String label() {
            return settings.given().isEmpty() ? contender : contender + " " + settings;
        }
    }

    /**
     * A slow network.
     *
     * @param latency how much later everything arrives, in each direction
     * @param bandwidth bytes a second of one connection in one direction; null for no bound
     */
    public record Network(Duration latency, @Nullable ByteSize bandwidth) {
        @JsonCreator
        static Network fromYaml(
                @JsonProperty("latency_ms") int latencyMillis, @JsonProperty("bandwidth") ByteSize bandwidth) {
            return new Network(Duration.ofMillis(latencyMillis), bandwidth);
        }
    }

    /** Those who are measured in turn, group by group. */
    public List<List<Entry>> groups() {
        if (vary.isEmpty()) {
            return List.of(contenders);
        }
        Entry base = contenders.get(0);
        List<List<Entry>> groups = new ArrayList<>();
        vary.forEach((name, values) -> {
            List<Entry> group = new ArrayList<>(contenders);
            Setting setting = Setting.named(name).orElseThrow();
            for (String value : values) {
                group.add(new Entry(base.contender(), base.settings().with(setting, value)));
            }
            groups.add(group);
        });
        return groups;
    }

    /** The same with other numbers, where given. */
    public Scenario with(
            @Nullable List<Long> otherRows, @Nullable Integer otherWarmup, @Nullable Integer otherIterations) {
        return new Scenario(
                name,
                description,
                profile,
                otherRows == null || otherRows.isEmpty() ? rows : otherRows,
                measure,
                otherWarmup == null ? warmup : otherWarmup,
                otherIterations == null ? iterations : otherIterations,
                network,
                contenders,
                vary);
    }

    /** The same with only these dimensions varied. */
    public Scenario varying(List<String> dimensions) {
        Map<String, List<String>> kept = new LinkedHashMap<>(vary);
        for (String dimension : dimensions) {
            if (!vary.containsKey(dimension)) {
                throw new IllegalArgumentException("The scenario " + name + " does not vary '" + dimension
                        + "'; it varies " + String.join(", ", vary.keySet()) + ".");
            }
        }
        kept.keySet().retainAll(dimensions);
        return new Scenario(name, description, profile, rows, measure, warmup, iterations, network, contenders, kept);
    }

    /**
     * The same with only these contenders, by name.
     *
     * @throws IllegalArgumentException when none of its contenders has such a name
     */
    public Scenario among(List<String> names) {
        List<Entry> kept = contenders.stream()
                .filter(entry -> names.contains(entry.contender()))
                .toList();
        if (kept.isEmpty()) {
            throw new IllegalArgumentException("The scenario " + name + " has no contender "
                    + String.join(" or ", names) + "; it has "
                    + contenders.stream().map(Entry::contender).distinct().collect(Collectors.joining(", ")) + ".");
        }
        return of(kept, vary);
    }

    /** The same with other contenders and other variations. */
    public Scenario of(List<Entry> otherContenders, Map<String, List<String>> otherVary) {
        return new Scenario(
                name, description, profile, rows, measure, warmup, iterations, network, otherContenders, otherVary);
    }
}
