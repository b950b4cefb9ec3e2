// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.util.List;

/**
 * One instance of a destination. One thread uses it at a time, except for {@link #cancel()}. All calls throw
 * {@link ConnectorException}; after one did, only {@link #close()} may be called.
 */
public final class DestinationConnector implements AutoCloseable {

    DestinationConnector() {}

    /** Checks the prerequisites of writing the streams in a mode; the list may be empty. */
    public CheckResult check(List<StreamSpec> streams, WriteMode mode) {
        throw new UnsupportedOperationException("check");
    }

    /** Prepares the target of a stream and returns its name for people. Idempotent. */
    public String apply(WriteRequest request) {
        throw new UnsupportedOperationException("apply");
    }

    /** Writes all batches of a feed. Everything is committed when it returns. Can be called again. */
    public WriteResult write(WriteRequest request, BatchFeed feed) {
        throw new UnsupportedOperationException("write");
    }

    /** Ends the stream once all writers are done, and returns the target's name for people. Idempotent. */
    public String finalizeStream(WriteRequest request) {
        throw new UnsupportedOperationException("finalizeStream");
    }

    /** Removes what a run left behind; {@code reason} is {@code failed} or {@code requested}. */
    public void teardown(List<StreamSpec> streams, String reason) {
        throw new UnsupportedOperationException("teardown");
    }

    /** Ends the call in progress soon, with category {@code cancelled}. From any thread, more than once. */
    public void cancel() {
        throw new UnsupportedOperationException("cancel");
    }

    /** What the instance has done so far. From any thread. */
    public Timings timings() {
        throw new UnsupportedOperationException("timings");
    }

    /** False after a call failed, after {@link #cancel()} and after {@link #close()}. */
    public boolean isUsable() {
        throw new UnsupportedOperationException("isUsable");
    }

    /** Closes the guest's connections and drops the instance. Never throws. */
    @Override
    public void close() {
        throw new UnsupportedOperationException("close");
    }
}
