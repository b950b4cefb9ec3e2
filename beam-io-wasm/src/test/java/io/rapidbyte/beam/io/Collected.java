// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import java.util.function.Consumer;
import org.apache.beam.sdk.transforms.DoFn.OutputReceiver;
import org.apache.beam.sdk.values.OutputBuilder;

/** A DoFn's output in tests that call it without a runner. */
record Collected<T>(Consumer<T> consumer) implements OutputReceiver<T> {
    @Override
    public void output(T element) {
        consumer.accept(element);
    }

    @Override
    public OutputBuilder<T> builder(T element) {
        throw new UnsupportedOperationException("Elements leave with the timestamp and window of the input.");
    }
}
