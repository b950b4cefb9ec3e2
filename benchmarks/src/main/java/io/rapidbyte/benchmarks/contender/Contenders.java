// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.contender;

import io.rapidbyte.benchmarks.scenario.Scenario;
import io.rapidbyte.benchmarks.scenario.Setting;
import io.rapidbyte.benchmarks.scenario.Settings;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** All contenders by name. */
public final class Contenders {
    private static final List<Contender> ALL = List.of(
            new RapidbyteCopy(),
            new RapidbyteCommand(),
            PsqlCopyPipe.binary(),
            PsqlCopyPipe.text(),
            new JdbcCopyPipe(),
            new JdbcBatchInsert(),
            JdbcIoCopy.tuned(),
            JdbcIoCopy.withPartitionsByDefault(),
            JdbcIoCopy.readRows());

    private Contenders() {}

    /** All of them. */
    public static List<Contender> all() {
        return ALL;
    }

    /**
     * The contender of a scenario's entry.
     *
     * @throws IllegalArgumentException when there is none of that name, or it does not know a setting; the message says what there is
     */
    public static Contender of(Scenario.Entry entry) {
        Contender contender = ALL.stream()
                .filter(one -> one.name().equals(entry.contender()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("There is no contender '" + entry.contender()
                        + "'; there are " + ALL.stream().map(Contender::name).collect(Collectors.joining(", ")) + "."));
        Set<Setting> unknown = new HashSet<>(entry.settings().given());
        unknown.removeAll(contender.settings());
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException("The contender " + contender.name() + " has no setting "
                    + Settings.names(unknown) + "; it has " + Settings.names(contender.settings()) + ".");
        }
        return contender;
    }
}
