// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm.conformance;

import io.rapidbyte.wasm.ArrowFrames;
import io.rapidbyte.wasm.Category;
import io.rapidbyte.wasm.CheckResult;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.DiscoveredStream;
import io.rapidbyte.wasm.Frame;
import io.rapidbyte.wasm.FrameInfo;
import io.rapidbyte.wasm.Limits;
import io.rapidbyte.wasm.ReadCallbacks;
import io.rapidbyte.wasm.SourceConnector;
import io.rapidbyte.wasm.StreamPlan;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.SyncMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** The contracts of a source ({@code docs/abi.md}, sections 5.3 to 5.6, 5.11, 5.13, 9 and 10). */
final class SourceContracts {
    private static final String NO_SUCH_STREAM = "rapidbyte_no_such_stream";
    private static final String NO_POSITION = "{\"rapidbyte_conformance\": \"not a position\"}";

    /** Small enough that a stream of a few hundred rows meets them. */
    private static final long FEW_ROWS = 500;

    private static final long FEW_BYTES = 64 << 10;

    /** Up to so many units, each is also read by itself. */
    private static final long MOST_SINGLE_UNITS = 64;

    private final ConformanceSubject subject;
    private final Instances instances;
    private final GuestVoice voice;

    private List<DiscoveredStream> discovered = List.of();
    private StreamSpec stream;
    private StreamPlan plan;
    private ReadRecorder whole;

    SourceContracts(ConformanceSubject subject, Instances instances, GuestVoice voice) {
        this.subject = subject;
        this.instances = instances;
        this.voice = voice;
    }

    void runAll(Checklist checks) {
        checks.run("discover", this::discover);
        stream = chosenStream();
        checks.run("check", this::check);
        // It keeps the state that the snapshot stands for, as the launching process of a run does.
        try (SourceConnector keeper = instances.source()) {
            checks.run("plan", () -> plan(keeper));
            checks.run("snapshot", () -> snapshot(keeper));
            checks.run("read", this::readWhole);
            checks.run("first_batch", this::firstBatch);
            checks.run("repeated_read", this::repeatedRead);
            checks.run("splits", this::splits);
            checks.run("claims", this::claims);
            checks.run("limits", this::limits);
            checks.run("cancellation", this::cancellation);
        }
        checks.run("columns", this::columns);
        checks.run("max_records", this::maxRecords);
        checks.run("incremental", this::incremental);
        checks.run("unknown_stream", this::unknownStream);
        checks.run("teardown", this::teardown);
    }

    private StreamSpec chosenStream() {
        if (subject.stream() != null) {
            return subject.stream();
        }
        return discovered.isEmpty() ? null : StreamSpec.of(discovered.get(0).name());
    }

    private String discover() throws Broken {
        try (SourceConnector source = instances.source()) {
            discovered = source.discover(null);
            Set<String> names = new HashSet<>();
            for (DiscoveredStream each : discovered) {
                Broken.unless(names.add(each.name()), "It discovers the stream %s twice.", each.name());
                requireConsistent(each);
            }
            if (discovered.isEmpty()) {
                return "It discovers no stream, which a source without any may.";
            }
            String first = discovered.get(0).name();
            List<String> included = source.discover(List.of(first)).stream()
                    .map(DiscoveredStream::name)
                    .toList();
            Broken.unless(
                    included.equals(List.of(first)),
                    "Asked to discover nothing but %s, it answers with %s.",
                    first,
                    included);
            return "It discovers %s; asked for one of them, it answers with that one."
                    .formatted(Sentences.count(discovered.size(), "stream", "streams"));
        }
    }

    private static void requireConsistent(DiscoveredStream stream) throws Broken {
        Set<String> fields = new HashSet<>();
        for (DiscoveredStream.Field field : stream.fields()) {
            Broken.unless(
                    fields.add(field.name()), "The stream %s has the field %s twice.", stream.name(), field.name());
        }
        Broken.unless(
                fields.containsAll(stream.primaryKey()),
                "The primary key of the stream %s is %s, and its fields are %s.",
                stream.name(),
                stream.primaryKey(),
                fields);
        Broken.unless(
                stream.suggestedCursor() == null || fields.contains(stream.suggestedCursor()),
                "The cursor %s, suggested for the stream %s, is none of its fields %s.",
                stream.suggestedCursor(),
                stream.name(),
                fields);
    }

    private String check() throws Broken {
        try (SourceConnector source = instances.source()) {
            source.check(List.of());
            CheckResult result = source.check(stream == null ? List.of() : List.of(stream));
            Checks.requirePassed(result);
            return "It checks %s, and all are met."
                    .formatted(Sentences.count(result.checks().size(), "prerequisite", "prerequisites"));
        }
    }

    private String plan(SourceConnector keeper) throws Broken {
        Broken.unless(
                stream != null, "There is no stream to read: it discovers none. Name the stream that is to be tried.");
        StreamPlan first = keeper.plan(stream);
        StreamPlan second = keeper.plan(stream);
        Broken.unless(
                first.stream().name().equals(stream.name()),
                "The plan of the stream %s is of the stream %s.",
                stream.name(),
                first.stream().name());
        Broken.unless(
                first.stream().table() != null && first.stream().namespace() != null,
                "The plan of the stream %s does not say which namespace and table it stands for.",
                stream.name());
        FrameInfo.Schema schema = ArrowFrames.inspectSchema(first.schema());
        Broken.unless(
                stream.name().equals(schema.metadata().get("rapidbyte:stream")),
                "The metadata rapidbyte:stream of the plan's schema is \"%s\", and the stream is %s.",
                schema.metadata().get("rapidbyte:stream"),
                stream.name());
        Broken.unless(!first.unitKind().isBlank(), "The plan does not say what its units are (unit_kind).");
        Broken.unless(
                Arrays.equals(first.schema(), second.schema()),
                "Planned twice, the stream %s has two different schemas.",
                stream.name());
        plan = first;
        return "The stream %s has %s (%s)."
                .formatted(stream.name(), Sentences.count(first.units(), "unit", "units"), first.unitKind());
    }

    private String snapshot(SourceConnector keeper) throws NotTried {
        requirePlan();
        Optional<String> snapshot = keeper.snapshot();
        if (snapshot.isEmpty()) {
            throw new NotTried("It keeps no snapshot: each read sees what is there when it begins.");
        }
        plan = plan.withSnapshot(snapshot.get());
        return "It keeps a snapshot, in which the reads that follow are made.";
    }

    private String readWhole() throws Broken, NotTried {
        requirePlan();
        try (SourceConnector source = instances.source()) {
            whole = ReadRecorder.read(source, plan, 0, plan.units());
            return "It reads %s in %s and counts them right."
                    .formatted(
                            Sentences.count(whole.rows(), "row", "rows"),
                            Sentences.count(whole.batches().size(), "batch", "batches"));
        }
    }

    private String firstBatch() throws Broken, NotTried {
        requirePlan();
        try (SourceConnector source = instances.source()) {
            ReadRecorder first = ReadRecorder.read(source, plan, 0, 1);
            Broken.unless(
                    !first.batches().isEmpty(),
                    "Unit 0 needs at least one batch, possibly of zero rows, by which the schema of an empty stream arrives.");
            return "Unit 0 has a batch, so that the schema arrives in any case.";
        }
    }

    private String repeatedRead() throws Broken, NotTried {
        requireRead();
        try (SourceConnector source = instances.source()) {
            for (int time = 0; time < 2; time++) {
                requireSame(
                        "Read again" + (time == 0 ? "" : " by the same instance"),
                        ReadRecorder.read(source, plan, 0, plan.units()).batches());
            }
        }
        return "Read again, by another instance and twice by the same, it yields the same batches.";
    }

    private String splits() throws Broken, NotTried {
        requireRead();
        requireSeveralUnits();
        Set<Long> cuts = new TreeSet<>(List.of(1L, plan.units() / 2, plan.units() - 1));
        for (long cut : cuts) {
            List<ReadBatch> batches = new ArrayList<>(read(0, cut));
            batches.addAll(read(cut, plan.units()));
            requireSame("Split before unit " + cut, batches);
        }
        if (plan.units() <= MOST_SINGLE_UNITS) {
            requireSame("Read unit by unit, the last one first", readBackwards());
        }
        return "Split before the units %s, it yields the same batches as in one piece.".formatted(cuts);
    }

    private List<ReadBatch> readBackwards() throws Broken {
        List<ReadBatch> batches = new ArrayList<>();
        try (SourceConnector source = instances.source()) {
            for (long unit = plan.units() - 1; unit >= 0; unit--) {
                batches.addAll(
                        0, ReadRecorder.read(source, plan, unit, unit + 1).batches());
            }
        }
        return batches;
    }

    private List<ReadBatch> read(long from, long to) throws Broken {
        try (SourceConnector source = instances.source()) {
            return ReadRecorder.read(source, plan, from, to).batches();
        }
    }

    private String claims() throws Broken, NotTried {
        requirePlan();
        try (SourceConnector source = instances.source()) {
            ReadRecorder nothing = ReadRecorder.read(source, plan, 0, plan.units(), 0);
            Broken.unless(
                    nothing.batches().isEmpty(),
                    "Denied its first unit, it still emits %s.",
                    Sentences.count(nothing.batches().size(), "batch", "batches"));
        }
        if (plan.units() == 1) {
            return "Denied its only unit, it reads nothing.";
        }
        requireRead();
        long cut = plan.units() / 2;
        List<ReadBatch> batches = new ArrayList<>();
        try (SourceConnector source = instances.source()) {
            batches.addAll(ReadRecorder.read(source, plan, 0, plan.units(), cut).batches());
        }
        batches.addAll(read(cut, plan.units()));
        requireSame("Ended by a denied claim of unit " + cut + " and read on from there", batches);
        return "Denied a unit it ends at once, and another instance reads on from there.";
    }

    private String limits() throws Broken, NotTried {
        requireRead();
        Limits few = subject.limits().withMaxBatchRows(FEW_ROWS).withMaxBatchBytes(FEW_BYTES);
        try (SourceConnector source = instances.source(few)) {
            ReadRecorder read = ReadRecorder.read(source, plan, 0, plan.units());
            for (ReadBatch batch : read.batches()) {
                Broken.unless(
                        batch.rows() <= FEW_ROWS,
                        "A batch has %d rows, and max_batch_rows is %d.",
                        batch.rows(),
                        FEW_ROWS);
                Broken.unless(
                        batch.bytes() <= FEW_BYTES || batch.rows() == 1,
                        "A batch of %d rows has %d bytes, and max_batch_bytes is %d, which one row alone may exceed.",
                        batch.rows(),
                        batch.bytes(),
                        FEW_BYTES);
            }
            Broken.unless(
                    read.rows() == whole.rows(),
                    "With small batches it reads %d rows, and with large ones %d.",
                    read.rows(),
                    whole.rows());
            return "With batches of at most %d rows and %d bytes it reads the same rows in %s."
                    .formatted(
                            FEW_ROWS, FEW_BYTES, Sentences.count(read.batches().size(), "batch", "batches"));
        }
    }

    private String cancellation() throws Broken, NotTried {
        requireRead();
        try (SourceConnector source = instances.source()) {
            source.read(plan, 0, plan.units(), new ReadCallbacks() {
                @Override
                public boolean claim(long unit) {
                    return true;
                }

                @Override
                public void emit(Frame frame) {
                    source.cancel();
                }
            });
            return "Cancelled while it reads, it ends at once.";
        } catch (ConnectorException e) {
            voice.failed(e);
            Cancellation.requireEndedByItself(e);
            return "Cancelled while it reads, it ends at once with an error of category cancelled.";
        }
    }

    private String columns() throws Broken, NotTried {
        requirePlan();
        List<String> all = names(plan);
        if (all.size() < 2) {
            throw new NotTried("The stream has one column only.");
        }
        List<String> wanted = List.of(all.get(1), all.get(0));
        StreamSpec some = stream.withColumns(wanted);
        try (SourceConnector source = instances.source()) {
            StreamPlan planned = source.plan(some);
            Broken.unless(
                    names(planned).equals(wanted),
                    "Asked for the columns %s, it plans the columns %s: it has to read those, or refuse to.",
                    wanted,
                    names(planned));
            ReadRecorder.read(source, planned, 0, planned.units());
            return "Asked for the columns %s, it reads those, in this order.".formatted(wanted);
        } catch (ConnectorException e) {
            return refused(e, "to read some of the columns");
        }
    }

    private static List<String> names(StreamPlan plan) {
        return ArrowFrames.inspectSchema(plan.schema()).columns().stream()
                .map(FrameInfo.Column::name)
                .toList();
    }

    private String maxRecords() throws Broken, NotTried {
        requireRead();
        if (whole.rows() < 2) {
            throw new NotTried("The stream has fewer than two rows.");
        }
        try (SourceConnector source = instances.source()) {
            StreamPlan planned = source.plan(stream.withMaxRecords(1L));
            long rows = ReadRecorder.read(source, planned, 0, planned.units()).rows();
            Broken.unless(
                    rows == 1,
                    "Asked for one record at most (max_records), it reads %d: it has to keep to that, or refuse to.",
                    rows);
            return "Asked for one record at most, it reads one.";
        } catch (ConnectorException e) {
            return refused(e, "to read some of the records");
        }
    }

    /** A source need not be able to do everything, but has to say so. */
    private String refused(ConnectorException e, String what) throws Broken {
        voice.failed(e);
        Broken.unless(
                e.error().category() == Category.CONFIG || e.error().category() == Category.SCHEMA,
                "It may refuse %s with an error of category config; this is what happened: %s",
                what,
                Checklist.sentence(e));
        return "It refuses %s: %s".formatted(what, Checklist.sentence(e));
    }

    private String incremental() throws Broken, NotTried {
        if (!subject.module().manifest().syncModes().contains(SyncMode.INCREMENTAL)) {
            throw new NotTried("The manifest does not name the sync mode incremental.");
        }
        requirePlan();
        String cursor = cursor();
        StreamSpec from = stream.withSyncMode(SyncMode.INCREMENTAL).withCursor(cursor, stream.tieBreakerField());
        try (SourceConnector source = instances.source()) {
            StreamPlan first = source.plan(from);
            long rows = ReadRecorder.read(source, first, 0, first.units()).rows();
            if (rows == 0 && first.position() == null) {
                throw new NotTried("The stream has no rows that an incremental run would read.");
            }
            Broken.unless(
                    first.position() != null,
                    "The plan of an incremental run that reads %s has no position to remember.",
                    Sentences.count(rows, "row", "rows"));
            StreamPlan second = source.plan(from.withPosition(first.position()));
            long again = ReadRecorder.read(source, second, 0, second.units()).rows();
            Broken.unless(
                    again == 0,
                    "The second run, from where the first one ended, reads %s although the stream has not changed (or has it?).",
                    Sentences.count(again, "row", "rows"));
            requirePositionRefused(from);
            return "By the cursor %s it reads %s, from its position on none, and it refuses a position that is none of its own."
                    .formatted(cursor, Sentences.count(rows, "row", "rows"));
        }
    }

    private String cursor() throws NotTried {
        if (stream.cursorField() != null) {
            return stream.cursorField();
        }
        for (DiscoveredStream each : discovered) {
            if (each.name().equals(stream.name()) && each.suggestedCursor() != null) {
                return each.suggestedCursor();
            }
        }
        throw new NotTried("No cursor is known for the stream " + stream.name() + ".");
    }

    private void requirePositionRefused(StreamSpec from) throws Broken {
        try (SourceConnector source = instances.source()) {
            source.plan(from.withPosition(NO_POSITION));
        } catch (ConnectorException e) {
            voice.failed(e);
            Broken.unless(
                    e.error().category() == Category.CONFIG,
                    "A position that is not one of the stream must be refused with an error of category config; this is what happened: %s",
                    Checklist.sentence(e));
            return;
        }
        throw new Broken("It takes a position that is not one of the stream, and so would read rows twice or never.");
    }

    private String unknownStream() throws Broken, NotTried {
        try (SourceConnector source = instances.source()) {
            source.plan(StreamSpec.of(NO_SUCH_STREAM));
        } catch (ConnectorException e) {
            voice.failed(e);
            Broken.unless(
                    e.error().category() == Category.CONFIG || e.error().category() == Category.SCHEMA,
                    "A stream that there is not is refused with an error of category schema or config; this is what happened: %s",
                    Checklist.sentence(e));
            Broken.unless(
                    Sentences.isOne(e.error().message()) && e.error().message().contains(NO_SUCH_STREAM),
                    "The error about a stream that there is not should be a sentence that names the stream, and is: %s",
                    Checklist.sentence(e));
            return "A stream that there is not is refused with a sentence that names it.";
        }
        throw new NotTried("It has a stream of any name.");
    }

    private String teardown() {
        List<StreamSpec> streams = stream == null ? List.of() : List.of(plan == null ? stream : plan.stream());
        for (String reason : List.of("failed", "requested")) {
            try (SourceConnector source = instances.source()) {
                source.teardown(streams, reason);
                source.teardown(streams, reason);
            }
        }
        return "It can be torn down twice.";
    }

    private void requireSame(String how, List<ReadBatch> batches) throws Broken {
        String difference = ReadBatch.difference(whole.batches(), batches);
        Broken.unless(difference == null, "%s, the stream yields other batches: %s.", how, difference);
    }

    private void requirePlan() throws NotTried {
        if (plan == null) {
            throw new NotTried("There is no plan to try it with.");
        }
    }

    private void requireRead() throws NotTried {
        requirePlan();
        if (whole == null) {
            throw new NotTried("The stream could not be read as a whole, with which this would be compared.");
        }
    }

    private void requireSeveralUnits() throws NotTried {
        if (plan.units() < 2) {
            throw new NotTried("The plan has one unit, which cannot be split.");
        }
    }
}
