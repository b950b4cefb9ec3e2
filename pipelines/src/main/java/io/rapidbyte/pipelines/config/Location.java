// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

/**
 * A place in a text file.
 *
 * @param line counted from 1
 * @param column counted from 1
 */
public record Location(int line, int column) {
    /** Where a file begins: the place of what is wrong with the file as a whole. */
    public static final Location START = new Location(1, 1);
}
