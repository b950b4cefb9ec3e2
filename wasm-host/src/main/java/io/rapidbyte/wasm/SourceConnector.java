// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.util.List;

/**
 * One instance of a source. One thread uses it at a time, except for {@link #cancel()}. All calls throw
 * {@link ConnectorException}; after one did, only {@link #close()} may be called.
 */
public final class SourceConnector implements AutoCloseable {

    SourceConnector() {}

    /** Checks the prerequisites of reading the streams; the list may be empty. */
    public CheckResult check(List<StreamSpec> streams) {
        throw new UnsupportedOperationException("check");
    }

    /** What can be read; {@code include} names the streams to look at, null for all. */
    public List<DiscoveredStream> discover(List<String> include) {
        throw new UnsupportedOperationException("discover");
    }

    /** How a stream is read. */
    public StreamPlan plan(StreamSpec stream) {
        throw new UnsupportedOperationException("plan");
    }

    /** Reads the units {@code [fromUnit, toUnit)} of a plan, as far as they are claimed. */
    public ReadResult read(StreamPlan plan, long fromUnit, long toUnit, ReadCallbacks callbacks) {
        throw new UnsupportedOperationException("read");
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
