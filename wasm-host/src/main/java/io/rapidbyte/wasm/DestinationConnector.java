// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;

/**
 * One instance of a destination. One thread uses it at a time, except for {@link #cancel()} and {@link #timings()}. All calls
 * throw {@link ConnectorException}; after one did, only {@link #close()} may be called.
 */
public final class DestinationConnector implements AutoCloseable {
    private final GuestInstance guest;

    DestinationConnector(GuestInstance guest) {
        this.guest = guest;
    }

    /**
     * Checks the prerequisites of writing the streams in a mode.
     *
     * @param streams may be empty
     * @param primaryKey the columns that identify a row; empty when the pipeline names none
     */
    public CheckResult check(List<StreamSpec> streams, WriteMode mode, List<String> primaryKey) {
        ObjectNode request = Payloads.object().put("write_mode", mode.jsonName());
        request.set("primary_key", Payloads.texts(primaryKey));
        request.set("streams", Payloads.streams(streams));
        JsonNode ok = guest.call(LifecycleCall.CHECK, request);
        try {
            return Payloads.checkResult(ok);
        } catch (Payloads.BadResponse e) {
            throw guest.badResponse(LifecycleCall.CHECK, e);
        }
    }

    /** Prepares the target of a stream and returns its name for people. Idempotent. */
    public String apply(WriteRequest request) {
        return target(LifecycleCall.APPLY, Payloads.writeRequest(request));
    }

    /**
     * Writes all batches of a feed. Everything is committed when it returns. Can be called again: once for each bundle.
     */
    public WriteResult write(WriteRequest request, BatchFeed feed) {
        JsonNode ok = guest.call(LifecycleCall.WRITE, Payloads.writeRequest(request), null, new WriteState(feed));
        try {
            return new WriteResult(
                    Payloads.count(ok, "rows"),
                    Payloads.count(ok, "bytes"),
                    Payloads.count(ok, "batches"),
                    ok.hasNonNull("refused") ? Payloads.count(ok, "refused") : 0);
        } catch (Payloads.BadResponse e) {
            throw guest.badResponse(LifecycleCall.WRITE, e);
        }
    }

    /** Ends the stream once all writers are done, and returns the target's name for people. Idempotent. */
    public String finalizeStream(WriteRequest request) {
        return target(LifecycleCall.FINALIZE, Payloads.writeRequest(request));
    }

    /**
     * The same where it is known how many batches of the stream were written in the run: a destination that keeps which ones it has committed fails when
     * these are more.
     */
    public String finalizeStream(WriteRequest request, long batches) {
        return target(LifecycleCall.FINALIZE, Payloads.writeRequest(request).put("batches", batches));
    }

    /**
     * Which batches of a stream are committed in this instance's run; empty when the destination does not keep that.
     *
     * @param stream as it was planned
     */
    public Optional<CommittedBatches> committed(StreamSpec stream) {
        if (!guest.has(LifecycleCall.COMMITTED)) {
            return Optional.empty();
        }
        CommittedBatches.Builder batches = new CommittedBatches.Builder();
        ObjectNode request = Payloads.object().put("run_id", guest.runId());
        request.set("stream", Payloads.stream(stream));
        while (true) {
            JsonNode ok = guest.call(LifecycleCall.COMMITTED, request);
            int before = batches.size();
            try {
                if (!Payloads.committed(ok, batches)) {
                    return Optional.empty();
                }
            } catch (Payloads.BadResponse e) {
                throw guest.badResponse(LifecycleCall.COMMITTED, e);
            }
            // A page without batches is the last one, whatever it says.
            if (batches.size() == before || !ok.path("more").asBoolean(false)) {
                return Optional.of(batches.build(ok.path("ended").asBoolean(false)));
            }
            request.putArray("after").add(batches.lastUnit()).add(batches.lastSequence());
        }
    }

    /** Removes what a run left behind; {@code reason} is {@code failed} or {@code requested}. */
    public void teardown(List<StreamSpec> streams, String reason) {
        ObjectNode request = Payloads.object().put("run_id", guest.runId()).put("reason", reason);
        request.set("streams", Payloads.streams(streams));
        guest.call(LifecycleCall.TEARDOWN, request);
    }

    /** Ends the call in progress soon, with category {@code cancelled}. From any thread, more than once. */
    public void cancel() {
        guest.cancel();
    }

    /** Bytes of memory that the instance has; it never gets less. Between calls. */
    public long memoryBytes() {
        return guest.memoryBytes();
    }

    /** What the instance has done so far. From any thread. */
    public Timings timings() {
        return guest.timings();
    }

    /** False after a call failed, after {@link #cancel()} and after {@link #close()}. */
    public boolean isUsable() {
        return guest.isUsable();
    }

    /** Closes the guest's connections and drops the instance. Never throws. */
    @Override
    public void close() {
        guest.close();
    }

    private String target(LifecycleCall call, ObjectNode request) {
        JsonNode ok = guest.call(call, request);
        try {
            return Payloads.target(ok);
        } catch (Payloads.BadResponse e) {
            throw guest.badResponse(call, e);
        }
    }
}
