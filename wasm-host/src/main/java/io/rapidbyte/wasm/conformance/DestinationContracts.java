// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm.conformance;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.rapidbyte.wasm.Category;
import io.rapidbyte.wasm.CommittedBatches;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.DestinationConnector;
import io.rapidbyte.wasm.Frame;
import io.rapidbyte.wasm.RecordPolicy;
import io.rapidbyte.wasm.SchemaEvolution;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.WriteMode;
import io.rapidbyte.wasm.WriteRequest;
import io.rapidbyte.wasm.WriteResult;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.zip.CRC32C;

/** The contracts of a destination ({@code docs/abi.md}, sections 5.3, 5.7 to 5.9, 5.11, 5.14, 7 and 10). */
final class DestinationContracts {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final ConformanceSubject subject;
    private final Instances instances;
    private final GuestVoice voice;
    private final Set<WriteMode> modes;

    /** What the checks that are not about a mode write in. */
    private final WriteMode usualMode;

    DestinationContracts(ConformanceSubject subject, Instances instances, GuestVoice voice) {
        this.subject = subject;
        this.instances = instances;
        this.voice = voice;
        this.modes = new TreeSet<>(subject.module().manifest().writeModes());
        this.usualMode = modes.isEmpty() ? WriteMode.APPEND : modes.iterator().next();
    }

    void runAll(Checklist checks) {
        checks.run("check", this::check);
        if (checks.isBroken("apply", this::apply)) {
            return;
        }
        for (WriteMode mode : WriteMode.values()) {
            checks.run("write_" + mode.jsonName(), () -> writeMode(mode));
        }
        checks.run("empty_input", this::emptyInput);
        checks.run("checkpoints", this::checkpoints);
        checks.run("dead_letters", this::deadLetters);
        checks.run("repeated_batches", this::repeatedBatches);
        checks.run("committed_batches", this::committedBatches);
        checks.run("untrusted_batches", this::untrustedBatches);
        checks.run("cancellation", this::cancellation);
        checks.run("teardown", this::teardown);
    }

    /** A stream of its own for each purpose, so that no check meets what another one has left. */
    private StreamSpec stream(String purpose) {
        String base = subject.stream() == null
                ? ConformanceSubject.TARGET
                : subject.stream().name();
        String name = base + "_" + purpose;
        return StreamSpec.of(name).withTable("conformance", name);
    }

    private WriteRequest request(String run, String purpose, WriteMode mode, RecordPolicy dataErrors) {
        StreamSpec stream = stream(purpose);
        return new WriteRequest(
                run,
                stream,
                SampleBatches.schema(stream.name()),
                mode,
                mode == WriteMode.UPSERT ? SampleBatches.PRIMARY_KEY : List.of(),
                dataErrors,
                SchemaEvolution.defaults(),
                Map.of());
    }

    private WriteRequest request(String run, String purpose) {
        return request(run, purpose, usualMode, RecordPolicy.FAIL);
    }

    private static List<Frame> batches(WriteRequest request) {
        return SampleBatches.of(request.stream().name());
    }

    private String check() throws Broken {
        for (WriteMode mode : modes) {
            try (DestinationConnector destination = instances.destination(Instances.newRun())) {
                Checks.requirePassed(destination.check(List.of(stream(mode.jsonName())), mode, List.of()));
            }
        }
        return "Its checks pass in the modes %s."
                .formatted(modes.stream().map(WriteMode::jsonName).toList());
    }

    private String apply() throws Broken {
        String run = Instances.newRun();
        WriteRequest request = request(run, "apply");
        String target;
        try (DestinationConnector destination = instances.destination(run)) {
            target = destination.apply(request);
            Broken.unless(!target.isBlank(), "rb_apply gives no name of the target.");
            String again = destination.apply(request);
            Broken.unless(
                    again.equals(target), "Applied twice, the stream has the target %s and then %s.", target, again);
        }
        // Several writers of a run begin at the same time.
        CompletableFuture<String> first = CompletableFuture.supplyAsync(() -> applyAlone(request));
        CompletableFuture<String> second = CompletableFuture.supplyAsync(() -> applyAlone(request));
        for (CompletableFuture<String> each : List.of(first, second)) {
            String other = join(each);
            Broken.unless(
                    other.equals(target),
                    "Applied by several instances, the stream has the target %s and %s.",
                    target,
                    other);
        }
        return "It applies a stream, %s, as often as it is asked to, also by several instances at once."
                .formatted(target);
    }

    private String applyAlone(WriteRequest request) {
        try (DestinationConnector destination = instances.destination(request.runId())) {
            return destination.apply(request);
        }
    }

    private static String join(CompletableFuture<String> future) {
        try {
            return future.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof ConnectorException failure) {
                throw failure;
            }
            throw e;
        }
    }

    private String writeMode(WriteMode mode) throws Broken, NotTried {
        if (!modes.contains(mode)) {
            throw new NotTried("The manifest does not name the write mode " + mode.jsonName() + ".");
        }
        String run = Instances.newRun();
        WriteRequest request = request(run, mode.jsonName(), mode, RecordPolicy.FAIL);
        List<Frame> batches = batches(request);
        long rows = SampleBatches.rows(batches);
        try (DestinationConnector destination = instances.destination(run)) {
            String target = destination.apply(request);
            long before = count(target);
            // A writer has one bundle after the other.
            write(destination, request, batches.subList(0, 2));
            write(destination, request, batches.subList(2, batches.size()));
            if (mode == WriteMode.REPLACE) {
                requireRows(target, before, "Before it is finished, a run that replaces must not change its target");
            }
            requireFinalized(destination, request, target);
            if (mode == WriteMode.APPEND) {
                requireRows(target, before + rows, "A run appended %d rows to %d".formatted(rows, before));
            } else {
                requireRows(target, rows, "A run wrote %d rows in the mode %s".formatted(rows, mode.jsonName()));
            }
        }
        return "It writes %d rows in several calls and finishes the stream, twice%s."
                .formatted(rows, subject.targetRows() == null ? "" : "; as many are in the target");
    }

    private static void requireFinalized(DestinationConnector destination, WriteRequest request, String target)
            throws Broken {
        for (int time = 0; time < 2; time++) {
            String finalized = destination.finalizeStream(request);
            Broken.unless(
                    finalized.equals(target), "The target is %s to rb_apply and %s to rb_finalize.", target, finalized);
        }
    }

    /** Writes batches, and checks what each write has to keep to. */
    private static WriteResult write(DestinationConnector destination, WriteRequest request, List<Frame> batches)
            throws Broken {
        SampleFeed feed = new SampleFeed(batches);
        WriteResult result = destination.write(request, feed);
        requireWritten(result, batches, feed);
        return result;
    }

    private static void requireWritten(WriteResult result, List<Frame> batches, SampleFeed feed) throws Broken {
        Broken.unless(
                feed.left() == 0,
                "It returned from rb_write as if all were written, and left %s of %d.",
                Sentences.count(feed.left(), "batch", "batches"),
                batches.size());
        long rows = SampleBatches.rows(batches);
        Broken.unless(
                result.batches() == batches.size() && result.rows() + result.refused() == rows,
                "It was given %d rows in %d batches, and says that it wrote %d and refused %d in %d.",
                rows,
                batches.size(),
                result.rows(),
                result.refused(),
                result.batches());
    }

    private String emptyInput() throws Broken {
        String run = Instances.newRun();
        WriteRequest request = request(run, "apply");
        try (DestinationConnector destination = instances.destination(run)) {
            destination.apply(request);
            WriteResult result = write(destination, request, List.of());
            Broken.unless(result.bytes() == 0, "Without a batch it says that it wrote %d bytes.", result.bytes());
        }
        return "A write without a batch writes nothing.";
    }

    private String checkpoints() throws Broken {
        String run = Instances.newRun();
        WriteRequest request = request(run, "checkpoints");
        List<Frame> batches = batches(request);
        try (DestinationConnector destination = instances.destination(run)) {
            destination.apply(request);
            SampleFeed feed = SampleFeed.withCheckpoints(batches);
            WriteResult result = destination.write(request, feed);
            Broken.unless(
                    feed.miscounts().isEmpty(),
                    "A checkpoint tells what was committed since the last one: %s.",
                    feed.miscounts().isEmpty() ? "" : feed.miscounts().get(0));
            Broken.unless(
                    feed.reported() == feed.asked(),
                    "It was asked for %s and reported %d.",
                    Sentences.count(feed.asked(), "checkpoint", "checkpoints"),
                    feed.reported());
            requireWritten(result, batches, feed);
            return "It commits and reports when it is asked to, %s, and counts them right."
                    .formatted(Sentences.count(feed.asked(), "time", "times"));
        }
    }

    private String deadLetters() throws Broken, NotTried {
        String run = Instances.newRun();
        WriteRequest request = request(run, "dead_letters", usualMode, RecordPolicy.DLQ);
        List<Frame> batches = batches(request);
        try (DestinationConnector destination = instances.destination(run)) {
            destination.apply(request);
            SampleFeed feed = new SampleFeed(batches);
            WriteResult result = destination.write(request, feed);
            requireWritten(result, batches, feed);
            Broken.unless(
                    feed.deadLetters().size() == result.refused(),
                    "It refused %s and handed over %s.",
                    Sentences.count(result.refused(), "record", "records"),
                    Sentences.count(feed.deadLetters().size(), "dead letter", "dead letters"));
            for (String letter : feed.deadLetters()) {
                requireLetter(letter);
            }
            if (result.refused() == 0) {
                throw new NotTried("It refuses none of the kit's records, so that there is no dead letter to look at.");
            }
            return "It hands over a dead letter for each of the %s that it refuses."
                    .formatted(Sentences.count(result.refused(), "record", "records"));
        }
    }

    private static void requireLetter(String json) throws Broken {
        JsonNode letter;
        try {
            letter = MAPPER.readTree(json);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("The host passes on what it has parsed itself.", e);
        }
        Broken.unless(
                letter.path("stream").isTextual()
                        && letter.path("record").isObject()
                        && letter.path("error").path("message").isTextual(),
                "A dead letter is an object of stream, record and error, and this one is not: %s.",
                json);
    }

    private String repeatedBatches() throws Broken, NotTried {
        if (!isExactlyOnce()) {
            throw new NotTried("It does not promise to write repeated batches once (exactly_once).");
        }
        String run = Instances.newRun();
        WriteRequest request = request(run, "repeated");
        List<Frame> batches = batches(request);
        long rows = SampleBatches.rows(batches);
        WriteResult first;
        WriteResult again;
        String target;
        long before;
        try (DestinationConnector destination = instances.destination(run)) {
            target = destination.apply(request);
            before = usualMode == WriteMode.APPEND ? count(target) : 0;
            write(destination, request, batches.subList(0, 2));
        }
        try (DestinationConnector destination = instances.destination(run)) {
            first = write(destination, request, batches);
        }
        try (DestinationConnector destination = instances.destination(run)) {
            again = write(destination, request, batches);
            destination.finalizeStream(request);
        }
        Broken.unless(
                first.rows() == again.rows() && first.refused() == again.refused(),
                "Batches that come again are counted as they were the first time: %d rows and %d refused, not %d and %d.",
                first.rows(),
                first.refused(),
                again.rows(),
                again.refused());
        requireRows(target, before + rows, "The same batches, %d rows, were written three times".formatted(rows));
        return "Batches that come again, to other instances of the run, are counted as before%s."
                .formatted(subject.targetRows() == null ? "; nobody looked into the target" : " and are there once");
    }

    private String committedBatches() throws Broken, NotTried {
        String run = Instances.newRun();
        WriteRequest request = request(run, "committed");
        List<Frame> batches = batches(request);
        try (DestinationConnector destination = instances.destination(run)) {
            destination.apply(request);
            Optional<CommittedBatches> none = destination.committed(request.stream());
            if (none.isEmpty()) {
                throw new NotTried("It does not tell which batches are committed (rb_committed).");
            }
            requireCommitted(none.get(), List.of());
            write(destination, request, batches.subList(0, 2));
        }
        try (DestinationConnector destination = instances.destination(run)) {
            requireCommitted(destination.committed(request.stream()).orElseThrow(), batches.subList(0, 2));
            write(destination, request, batches);
            requireCommitted(destination.committed(request.stream()).orElseThrow(), batches);
        }
        requireEnd(run, request, batches);
        return "It tells another instance of the run which batches are committed, and does not end a run that was not given all of them.";
    }

    private void requireEnd(String run, WriteRequest request, List<Frame> batches) throws Broken {
        boolean ended = true;
        try (DestinationConnector destination = instances.destination(run)) {
            destination.finalizeStream(request, batches.size() - 1);
        } catch (ConnectorException e) {
            voice.failed(e);
            ended = false;
        }
        Broken.unless(
                !ended,
                "%d batches are committed, and it ends a run that was given %d.",
                batches.size(),
                batches.size() - 1);
        try (DestinationConnector destination = instances.destination(run)) {
            destination.finalizeStream(request, batches.size());
            boolean known =
                    destination.committed(request.stream()).orElseThrow().isEnded();
            Broken.unless(known, "The stream was finalized, and rb_committed does not say that it has ended.");
        }
    }

    private static void requireCommitted(CommittedBatches told, List<Frame> batches) throws Broken {
        Broken.unless(
                told.size() == batches.size() && !told.isEnded(),
                "It was given %s, and says that it has committed %d%s.",
                Sentences.count(batches.size(), "batch", "batches"),
                told.size(),
                told.isEnded() ? ", and that the stream has ended" : "");
        for (Frame batch : batches) {
            int at = told.find(batch.unit(), batch.sequence());
            CRC32C checksum = new CRC32C();
            checksum.update(batch.bytes());
            Broken.unless(
                    at >= 0 && told.checksum(at) == (int) checksum.getValue(),
                    "Batch %d of unit %d is committed, and it tells of it %s.",
                    batch.sequence(),
                    batch.unit(),
                    at < 0 ? "nothing" : "another checksum than the CRC-32C of its frame");
        }
    }

    private boolean isExactlyOnce() {
        if (!subject.module().manifest().exactlyOnce()) {
            return false;
        }
        try {
            return !MAPPER.readTree(subject.config())
                    .path("exactly_once")
                    .asText("true")
                    .equals("false");
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("The connector opened with a configuration that is not JSON.", e);
        }
    }

    private String untrustedBatches() throws Broken {
        requireRefused(
                "whose frame ends in the middle",
                SampleBatches.cutShort(stream("untrusted").name()));
        requireRefused(
                "one of whose texts ends outside of it",
                SampleBatches.withWildOffset(stream("untrusted").name()));
        return "Batches that are no valid Arrow are refused with an error record.";
    }

    private void requireRefused(String what, Frame frame) throws Broken {
        String run = Instances.newRun();
        WriteRequest request = request(run, "untrusted");
        try (DestinationConnector destination = instances.destination(run)) {
            destination.apply(request);
            destination.write(request, new SampleFeed(List.of(frame)));
        } catch (ConnectorException e) {
            voice.failed(e);
            Broken.unless(
                    e.error().category() == Category.FRAME || e.error().category() == Category.DATA,
                    "A batch %s must be refused with an error of category frame; this is what happened: %s",
                    what,
                    Checklist.sentence(e));
            return;
        }
        throw new Broken("A batch %s is taken for a good one.".formatted(what));
    }

    private String cancellation() throws Broken {
        String run = Instances.newRun();
        WriteRequest request = request(run, "cancelled");
        String target = null;
        long before = 0;
        try (DestinationConnector destination = instances.destination(run)) {
            target = destination.apply(request);
            before = count(target);
            destination.write(request, new SampleFeed(batches(request)) {
                private boolean first = true;

                @Override
                public Frame next() throws InterruptedException {
                    if (first) {
                        first = false;
                        return super.next();
                    }
                    destination.cancel();
                    // Being cancelled ends the wait, as it ends that for a batch which does not come.
                    new CountDownLatch(1).await();
                    return null;
                }
            });
        } catch (ConnectorException e) {
            voice.failed(e);
            Cancellation.requireEndedByItself(e);
            if (target != null) {
                requireRows(target, before, "A write was cancelled before it committed anything");
            }
            return "Cancelled while it writes, it ends at once with an error of category cancelled.";
        }
        throw new Broken("Cancelled while it waits for a batch, rb_write returns as if all were written.");
    }

    private String teardown() throws Broken {
        String run = Instances.newRun();
        WriteRequest request = request(run, "torn_down");
        List<StreamSpec> streams = List.of(request.stream());
        try (DestinationConnector destination = instances.destination(run)) {
            destination.apply(request);
            write(destination, request, batches(request));
        }
        for (String reason : List.of("failed", "requested")) {
            try (DestinationConnector destination = instances.destination(run)) {
                destination.teardown(streams, reason);
                destination.teardown(streams, reason);
            }
        }
        try (DestinationConnector destination = instances.destination(Instances.newRun())) {
            // A run that never wrote anything.
            destination.teardown(streams, "requested");
        }
        if (!isExactlyOnce()) {
            return "It can be torn down twice, and when there is nothing to remove.";
        }
        requireClosedTo(run, request);
        return "It can be torn down twice, and when there is nothing to remove; the run cannot write any more.";
    }

    private void requireClosedTo(String run, WriteRequest request) throws Broken {
        try (DestinationConnector destination = instances.destination(run)) {
            destination.apply(request);
            write(destination, request, batches(request));
        } catch (ConnectorException e) {
            voice.failed(e);
            Broken.unless(
                    e.error().category() != Category.INTERNAL,
                    "A run that was torn down must be refused with an error record; this is what happened: %s",
                    Checklist.sentence(e));
            return;
        }
        throw new Broken(
                "A run that was torn down can still write: what a straggler of it writes would be there a second time.");
    }

    /** The rows of a target; -1 when nobody looks into it. */
    private long count(String target) {
        return subject.targetRows() == null ? -1 : subject.targetRows().count(target);
    }

    private void requireRows(String target, long expected, String what) throws Broken {
        if (subject.targetRows() == null) {
            return;
        }
        long rows = count(target);
        Broken.unless(rows == expected, "%s, and %s has %d rows in place of %d.", what, target, rows, expected);
    }
}
