// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.peers;

/** One way to copy a table. */
public interface Contender {
    /** What the report calls it. */
    String name();

    /**
     * Copies all rows of the source table into the target table, which exists, has the same columns and is empty. Returns once every row is
     * committed.
     *
     * @throws Exception when the copy failed
     */
    void copy(TableCopy copy) throws Exception;
}
