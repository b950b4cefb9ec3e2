// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import java.util.function.Consumer;
import org.apache.beam.sdk.transforms.DoFn.MultiOutputReceiver;
import org.apache.beam.sdk.transforms.DoFn.OutputReceiver;
import org.apache.beam.sdk.values.OutputBuilder;
import org.apache.beam.sdk.values.Row;
import org.apache.beam.sdk.values.TupleTag;

/** A DoFn's output in tests that call it without a runner. */
record Collected<T>(Consumer<T> consumer) implements OutputReceiver<T> {
    /** The batches of a read whose other outputs are not looked at. */
    static MultiOutputReceiver batches(Consumer<ArrowBatch> consumer) {
        return of(WasmReadResult.BATCHES, consumer);
    }

    /** The dead letters that come out of a write before the end of its bundle. */
    static MultiOutputReceiver deadLetters(Consumer<DeadLetter> consumer) {
        return of(WasmWriteResult.DEAD_LETTERS, consumer);
    }

    private static <E> MultiOutputReceiver of(TupleTag<E> only, Consumer<E> consumer) {
        return new MultiOutputReceiver() {
            @Override
            @SuppressWarnings("unchecked")
            public <O> OutputReceiver<O> get(TupleTag<O> tag) {
                return tag.equals(only)
                        ? (OutputReceiver<O>) new Collected<>(consumer)
                        : new Collected<>(other -> {
                            throw new AssertionError("There is something in " + tag + ": " + other);
                        });
            }

            @Override
            public <O> OutputReceiver<Row> getRowReceiver(TupleTag<O> tag) {
                throw new UnsupportedOperationException("Nothing here is read as rows.");
            }
        };
    }

    @Override
    public void output(T element) {
        consumer.accept(element);
    }

    @Override
    public OutputBuilder<T> builder(T element) {
        throw new UnsupportedOperationException("Elements leave with the timestamp and window of the input.");
    }
}
