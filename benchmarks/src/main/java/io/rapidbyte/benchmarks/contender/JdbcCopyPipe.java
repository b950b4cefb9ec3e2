// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.contender;

import io.rapidbyte.benchmarks.scenario.Setting;
import io.rapidbyte.benchmarks.scenario.Settings;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Set;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;
import org.postgresql.copy.CopyOut;

/** The same pipe inside one JVM: the driver's binary COPY out handed to its COPY in, without looking at a byte. */
public final class JdbcCopyPipe implements Contender {
    @Override
    public String name() {
        return "pgjdbc-binary";
    }

    @Override
    public String description() {
        return "pgjdbc, COPY out handed to COPY in, binary";
    }

    @Override
    public Set<Setting> settings() {
        return Set.of(Setting.HEAP, Setting.JAVA_OPTIONS);
    }

    @Override
    public Outcome copy(TableCopy copy, Settings settings) throws SQLException {
        try (Connection from = copy.connect();
                Connection to = copy.connect()) {
            CopyOut out = from.unwrap(PGConnection.class)
                    .getCopyAPI()
                    .copyOut("COPY " + copy.source() + " TO STDOUT (FORMAT binary)");
            CopyIn in = to.unwrap(PGConnection.class)
                    .getCopyAPI()
                    .copyIn("COPY " + copy.target() + " FROM STDIN (FORMAT binary)");
            for (byte[] row = out.readFromCopy(); row != null; row = out.readFromCopy()) {
                in.writeToCopy(row, 0, row.length);
            }
            in.endCopy();
        }
        return Outcome.PLAIN;
    }
}
