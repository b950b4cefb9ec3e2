// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.peers;

import java.sql.Connection;
import java.sql.SQLException;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;
import org.postgresql.copy.CopyOut;

/** The same pipe inside one JVM: the driver's COPY out handed to its COPY in, without looking at a byte. */
public final class JdbcCopyPipe implements Contender {
    @Override
    public String name() {
        return "pgjdbc binary COPY pipe";
    }

    @Override
    public void copy(TableCopy copy) throws SQLException {
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
    }
}
