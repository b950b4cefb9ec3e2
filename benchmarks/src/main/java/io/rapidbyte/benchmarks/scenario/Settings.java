// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.scenario;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import io.rapidbyte.pipelines.config.ByteSize;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The settings of a contender that were given; the others are as the contender has them by default. Immutable. */
public final class Settings {
    /** Nothing given. */
    public static final Settings NONE = new Settings(new EnumMap<>(Setting.class));

    private final EnumMap<Setting, String> values;

    private Settings(EnumMap<Setting, String> values) {
        this.values = values;
    }

    /**
     * Settings by name.
     *
     * @throws IllegalArgumentException for a name or value that is none, with a sentence that says what there is
     */
    @JsonCreator
    public static Settings of(Map<String, String> byName) {
        EnumMap<Setting, String> values = new EnumMap<>(Setting.class);
        byName.forEach((name, value) -> {
            Setting setting = Setting.named(name)
                    .orElseThrow(() -> new IllegalArgumentException(
                            "There is no setting '" + name + "'; there are " + names(Set.of(Setting.values())) + "."));
            setting.check(value);
            values.put(setting, value);
        });
        return new Settings(values);
    }

    /** These with one more, or another value of one. */
    public Settings with(Setting setting, String value) {
        setting.check(value);
        EnumMap<Setting, String> more = new EnumMap<>(values);
        more.put(setting, value);
        return new Settings(more);
    }

    /** The names of those that are given. */
    public Set<Setting> given() {
        return Set.copyOf(values.keySet());
    }

    /** A value as it was given. */
    public Optional<String> text(Setting setting) {
        return Optional.ofNullable(values.get(setting));
    }

    /** The value of a setting that is a number. */
    public OptionalInt number(Setting setting) {
        String value = values.get(setting);
        return value == null ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(value));
    }

    /** The value of a setting that is a size, in bytes. */
    public OptionalLong bytes(Setting setting) {
        String value = values.get(setting);
        return value == null
                ? OptionalLong.empty()
                : OptionalLong.of(ByteSize.parse(value).bytes());
    }

    /** By name, sorted. */
    @JsonValue
    public SortedMap<String, String> byName() {
        SortedMap<String, String> byName = new TreeMap<>();
        values.forEach((setting, value) -> byName.put(setting.key(), value));
        return byName;
    }

    /** Names in a sentence. */
    public static String names(Set<Setting> settings) {
        return settings.stream().map(Setting::key).sorted().collect(Collectors.joining(", "));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Settings settings && settings.values.equals(values);
    }

    @Override
    public int hashCode() {
        return values.hashCode();
    }

    /** As {@code name=value}, sorted and separated by a space. */
    @Override
    public String toString() {
        return byName().entrySet().stream()
                .map(entry -> entry.getKey() + "=" + entry.getValue())
                .collect(Collectors.joining(" "));
    }
}
