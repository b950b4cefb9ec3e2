// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.function.Consumer;
import org.apache.beam.sdk.coders.CustomCoder;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.util.SerializableUtils;

/**
 * Watches a read from the inside: on its own thread, while the source hands a batch over. A fused runner calls the next step there; the
 * Direct runner, with its checks on, calls the coder there.
 */
final class InsideRead {
    private InsideRead() {}

    /** What is told of each batch; static members of tests, since steps and coders travel through serialisation. */
    interface Watcher extends Consumer<ArrowBatch>, java.io.Serializable {}

    static boolean isOnStack() {
        return StackWalker.getInstance()
                .walk(frames -> frames.anyMatch(frame -> frame.getClassName().equals(UnitsRead.class.getName())));
    }

    /** The usual coder, which tells the watcher of what it encodes inside of a read. */
    static final class WatchingCoder extends CustomCoder<ArrowBatch> {
        private final Watcher watcher;

        WatchingCoder(Watcher watcher) {
            this.watcher = SerializableUtils.ensureSerializable(watcher);
        }

        @Override
        public void encode(ArrowBatch batch, OutputStream out) throws IOException {
            if (isOnStack()) {
                watcher.accept(batch);
            }
            ArrowBatchCoder.of().encode(batch, out);
        }

        @Override
        public ArrowBatch decode(InputStream in) throws IOException {
            return ArrowBatchCoder.of().decode(in);
        }

        @Override
        public boolean consistentWithEquals() {
            return true;
        }
    }

    /** A step that passes batches on, and tells the watcher of those it gets inside of a read. */
    static final class WatchingDoFn extends DoFn<ArrowBatch, ArrowBatch> {
        private final Watcher watcher;

        WatchingDoFn(Watcher watcher) {
            this.watcher = watcher;
        }

        @ProcessElement
        public void process(@Element ArrowBatch batch, OutputReceiver<ArrowBatch> batches) {
            if (isOnStack()) {
                watcher.accept(batch);
            }
            batches.output(batch);
        }
    }
}
