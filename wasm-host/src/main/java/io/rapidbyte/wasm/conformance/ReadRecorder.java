// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm.conformance;

import io.rapidbyte.wasm.ArrowFrames;
import io.rapidbyte.wasm.Frame;
import io.rapidbyte.wasm.FrameInfo;
import io.rapidbyte.wasm.ReadCallbacks;
import io.rapidbyte.wasm.ReadResult;
import io.rapidbyte.wasm.SourceConnector;
import io.rapidbyte.wasm.StreamPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Grants claims up to a unit and keeps what a read call emits. */
final class ReadRecorder implements ReadCallbacks {
    private static final String CLAIM = "claim";

    private final long grantedTo;
    private final FrameInfo.Schema planned;
    private final List<Long> claims = new ArrayList<>();
    private final List<ReadBatch> batches = new ArrayList<>();
    private long rows;
    private String schemaDifference;

    private ReadRecorder(StreamPlan plan, long grantedTo) {
        this.planned = ArrowFrames.inspectSchema(plan.schema());
        this.grantedTo = grantedTo;
    }

    /** Reads the units {@code [from, to)}, and checks what each read has to keep to. */
    static ReadRecorder read(SourceConnector source, StreamPlan plan, long from, long to) throws Broken {
        return read(source, plan, from, to, to);
    }

    /** The same, denying the unit {@code grantedTo} and all behind it. */
    static ReadRecorder read(SourceConnector source, StreamPlan plan, long from, long to, long grantedTo)
            throws Broken {
        ReadRecorder recorder = new ReadRecorder(plan, grantedTo);
        long callsBefore = source.timings().get(CLAIM).count();
        ReadResult result = source.read(plan, from, to, recorder);
        long calls = source.timings().get(CLAIM).count() - callsBefore;
        recorder.requireClaims(from, to, calls);
        Broken.unless(
                recorder.schemaDifference == null,
                "The batches do not have the columns of the plan: %s.",
                recorder.schemaDifference);
        Broken.unless(
                result.units() == Math.min(to, grantedTo) - from,
                "Of the units [%d, %d) it was granted %d, and it says that it read %d.",
                from,
                to,
                Math.min(to, grantedTo) - from,
                result.units());
        return recorder;
    }

    @Override
    public boolean claim(long unit) {
        claims.add(unit);
        return unit < grantedTo;
    }

    @Override
    public void emit(Frame frame) {
        batches.add(ReadBatch.of(frame));
        rows += frame.rows();
        if (schemaDifference == null) {
            schemaDifference = difference(ArrowFrames.inspect(frame.bytes()).schema());
        }
    }

    /** The host takes no dead letters from a source that is tried. */
    @Override
    public boolean deadLetter(String json) {
        return false;
    }

    List<ReadBatch> batches() {
        return batches;
    }

    long rows() {
        return rows;
    }

    private void requireClaims(long from, long to, long calls) throws Broken {
        List<Long> expected = new ArrayList<>();
        for (long unit = from; unit < to && unit <= grantedTo; unit++) {
            expected.add(unit);
        }
        Broken.unless(
                claims.equals(expected),
                "It has to claim each unit of [%d, %d) once, in ascending order, up to the first that is denied: %s. It claimed: %s.",
                from,
                to,
                shown(expected),
                shown(claims));
        Broken.unless(
                calls == claims.size(),
                "It called claim %d times where %d claims were in order: a unit was claimed twice, backwards, outside of [%d, %d) or behind"
                        + " one that was denied.",
                calls,
                claims.size(),
                from,
                to);
    }

    private static String shown(List<Long> units) {
        int most = 8;
        return units.isEmpty()
                ? "none"
                : units.size() <= most
                        ? units.toString()
                        : units.subList(0, most) + " and " + (units.size() - most) + " more";
    }

    /** How a batch's columns are not those of the plan; null when they are. */
    private String difference(FrameInfo.Schema schema) {
        if (schema.columns().size() != planned.columns().size()) {
            return "the plan has %d columns and a batch %d"
                    .formatted(planned.columns().size(), schema.columns().size());
        }
        for (int i = 0; i < schema.columns().size(); i++) {
            FrameInfo.Column column = schema.columns().get(i);
            FrameInfo.Column plan = planned.columns().get(i);
            if (!column.name().equals(plan.name())) {
                return "column %d is \"%s\" in the plan and \"%s\" in a batch".formatted(i, plan.name(), column.name());
            }
            if (!column.type().equals(plan.type()) && !isText(column.metadata()) && !isText(plan.metadata())) {
                return "column \"%s\" is %s in the plan and %s in a batch"
                        .formatted(column.name(), plan.type(), column.type());
            }
        }
        String plan = "rapidbyte:plan";
        return Objects.equals(planned.metadata().get(plan), schema.metadata().get(plan))
                ? null
                : "the schema's metadata " + plan + " is another one in a batch than in the plan";
    }

    /** Whether a column may be text in one batch and plain in the next (section 7.3). */
    private static boolean isText(Map<String, String> metadata) {
        return "text".equals(metadata.get("rapidbyte:encoding"));
    }
}
