// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;

/**
 * One instance of a source. One thread uses it at a time, except for {@link #cancel()} and {@link #timings()}. All calls throw
 * {@link ConnectorException}; after one did, only {@link #close()} may be called.
 */
public final class SourceConnector implements AutoCloseable {
    private final GuestInstance guest;

    SourceConnector(GuestInstance guest) {
        this.guest = guest;
    }

    /** Checks the prerequisites of reading the streams; the list may be empty. */
    public CheckResult check(List<StreamSpec> streams) {
        ObjectNode request = Payloads.object();
        request.set("streams", Payloads.streams(streams));
        JsonNode ok = guest.call(LifecycleCall.CHECK, request);
        try {
            return Payloads.checkResult(ok);
        } catch (Payloads.BadResponse e) {
            throw guest.badResponse(LifecycleCall.CHECK, e);
        }
    }

    /** What can be read; {@code include} names the streams to look at, null for all. */
    public List<DiscoveredStream> discover(List<String> include) {
        ObjectNode request = Payloads.object();
        if (include != null) {
            request.set("include", Payloads.texts(include));
        }
        JsonNode ok = guest.call(LifecycleCall.DISCOVER, request);
        try {
            return Payloads.discovered(ok);
        } catch (Payloads.BadResponse e) {
            throw guest.badResponse(LifecycleCall.DISCOVER, e);
        }
    }

    /** How a stream is read. */
    public StreamPlan plan(StreamSpec stream) {
        ObjectNode request = Payloads.object();
        request.set("stream", Payloads.stream(stream));
        JsonNode ok = guest.call(LifecycleCall.PLAN, request);
        StreamPlan plan;
        try {
            plan = Payloads.plan(ok, stream);
        } catch (Payloads.BadResponse e) {
            throw guest.badResponse(LifecycleCall.PLAN, e);
        }
        try {
            new FrameChecker().checkSchemaStream(plan.schema());
        } catch (FrameException e) {
            throw guest.refuse(e.error());
        }
        return plan;
    }

    /**
     * Has the source keep the present state of what it reads for all reads of the run, on any instance and machine, until this instance is
     * closed. The plans that are read are given it with {@link StreamPlan#withSnapshot}.
     *
     * @return what stands for the state; empty when the source has no such thing, and each read sees what is there when it begins
     */
    public Optional<String> snapshot() {
        if (!guest.has(LifecycleCall.SNAPSHOT)) {
            return Optional.empty();
        }
        JsonNode ok = guest.call(LifecycleCall.SNAPSHOT, Payloads.object());
        try {
            return Optional.ofNullable(Payloads.snapshot(ok));
        } catch (Payloads.BadResponse e) {
            throw guest.badResponse(LifecycleCall.SNAPSHOT, e);
        }
    }

    /**
     * Reads the units {@code [fromUnit, toUnit)} of a plan, as far as they are claimed.
     *
     * @throws IllegalArgumentException when the units are not those of the plan
     */
    public ReadResult read(StreamPlan plan, long fromUnit, long toUnit, ReadCallbacks callbacks) {
        if (fromUnit < 0 || toUnit < fromUnit || toUnit > plan.units()) {
            throw new IllegalArgumentException("The units [" + fromUnit + ", " + toUnit + ") are not within [0, "
                    + plan.units() + "), the units of " + plan.stream().name() + ".");
        }
        ObjectNode request = Payloads.object().put("from", fromUnit).put("to", toUnit);
        request.set("stream", Payloads.stream(plan.stream()));
        request.set("plan", Payloads.parsePlan(plan.plan()));
        if (plan.snapshot() != null) {
            request.put("snapshot", plan.snapshot());
        }
        ReadState state = new ReadState(fromUnit, toUnit, callbacks);
        JsonNode ok = guest.call(LifecycleCall.READ, request, state, null);
        ReadResult counted = state.result();
        ReadResult said;
        try {
            said = new ReadResult(
                    Payloads.count(ok, "units"), Payloads.count(ok, "rows"), Payloads.count(ok, "batches"));
        } catch (Payloads.BadResponse e) {
            throw guest.badResponse(LifecycleCall.READ, e);
        }
        if (state.owesFirstBatch()) {
            throw guest.violation(
                    LifecycleCall.READ, "missing_first_batch", "emitted no batch for unit 0, not even an empty one,");
        }
        if (!said.equals(counted)) {
            // One of the two lost something: what arrived cannot be trusted.
            throw guest.violation(
                    LifecycleCall.READ,
                    "count_mismatch",
                    "says that it read " + describe(said) + ", and emitted " + describe(counted) + ",");
        }
        return counted;
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

    private static String describe(ReadResult result) {
        return result.units() + " units, " + result.batches() + " batches and " + result.rows() + " rows";
    }
}
