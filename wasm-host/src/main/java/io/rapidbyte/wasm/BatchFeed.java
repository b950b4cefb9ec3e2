// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

/**
 * What a destination writes from. The methods are called on the thread that called {@link DestinationConnector#write}. An
 * exception that one of them throws ends the write call, makes the instance unusable and is thrown from {@code write} as it
 * is; an {@link InterruptedException} ends it as cancelled.
 */
public interface BatchFeed {

    /**
     * Waits for the next batch. The time spent here is counted as {@code next_batch}, the rest of a write as its own.
     *
     * @return null at the end of the input
     * @throws InterruptedException when the waiting thread was interrupted, which also {@link DestinationConnector#cancel}
     *     does
     */
    Frame next() throws InterruptedException;

    /**
     * Whether the destination should commit what it has before it takes the next batch. It may wait for that batch, as {@link #next} does, to
     * tell that the commit is due before it comes.
     *
     * @throws InterruptedException when the waiting thread was interrupted
     */
    default boolean checkpointDue() throws InterruptedException {
        return false;
    }

    /**
     * The destination committed.
     *
     * @param committed what it has since the last time; its batches are those that were taken first
     */
    default void committed(WriteResult committed) {
        // A feed that asks for no checkpoints need not hear of them.
    }

    /**
     * Takes a record that the destination refused.
     *
     * @param json a JSON object with {@code stream}, {@code record} and {@code error}
     * @return false when this pipeline takes no dead letters; the destination gets an error then
     */
    default boolean deadLetter(String json) {
        return false;
    }
}
