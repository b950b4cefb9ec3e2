// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.testing;

import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * One message of a client to a Postgres server, and what the client has said in the same transaction.
 *
 * @param type the message's type: {@code Q} for a simple query, {@code d} for a piece of COPY, and so on
 * @param sql the statements of a query or of one that is prepared; empty for other messages
 * @param transaction the statements since the transaction was begun, with these
 * @param bytesOfRows how many bytes of rows were sent in the transaction, by COPY or as parameters, with those of this message
 */
public record Question(char type, String sql, List<String> transaction, long bytesOfRows) {
    private static final Pattern COMMIT = Pattern.compile("(?is)(?:.*;)?\\s*(?:COMMIT|END)\\s*;?\\s*");

    private static final Pattern ENDS_A_RUN =
            Pattern.compile("(?is).*(?:\\bRENAME TO\\b|\\bINSERT INTO\\b.*_rapidbyte_ledger.*, -1, 0,).*");

    /** Copies the list. */
    public Question {
        transaction = List.copyOf(transaction);
    }

    static boolean begins(String sql) {
        return sql.stripLeading().toUpperCase(Locale.ROOT).startsWith("BEGIN");
    }

    /** Whether it ends a transaction for good. */
    public boolean isCommit() {
        return COMMIT.matcher(sql).matches();
    }

    /** Whether it commits rows that were sent. */
    public boolean commitsRows() {
        return isCommit() && bytesOfRows > 0;
    }

    /** Whether it commits the end of a run: the table that takes another's place, or the ledger's marker. */
    public boolean commitsTheEnd() {
        return isCommit() && bytesOfRows == 0 && endsARun();
    }

    /** Whether it commits what a run needs before there are rows. */
    public boolean commitsPreparation() {
        return isCommit() && bytesOfRows == 0 && !endsARun();
    }

    /** Whether it is a piece of rows. */
    public boolean isRows() {
        return type == 'd' || type == 'B';
    }

    private boolean endsARun() {
        return transaction.stream()
                .anyMatch(statement -> ENDS_A_RUN.matcher(statement).matches());
    }
}
