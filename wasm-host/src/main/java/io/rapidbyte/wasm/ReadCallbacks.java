// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

/**
 * What a source reads into. The methods are called on the thread that called {@link SourceConnector#read}. An exception
 * that one of them throws ends the read call, makes the instance unusable and is thrown from {@code read} as it is.
 */
public interface ReadCallbacks {

    /**
     * Asked before a unit is read.
     *
     * @return false to end the read before this unit
     */
    boolean claim(long unit);

    /** Takes one batch. */
    void emit(Frame frame);

    /**
     * The source reports the position it reached.
     *
     * @param json a JSON object
     */
    default void checkpoint(String json) {
        // A reader that keeps no position has nothing to do here.
    }

    /**
     * Takes a record that the source could not read.
     *
     * @param json a JSON object with {@code stream}, {@code record} and {@code error}
     * @return false when this pipeline takes no dead letters; the source gets an error then
     */
    default boolean deadLetter(String json) {
        return false;
    }
}
