// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import io.rapidbyte.wasm.Category;
import io.rapidbyte.wasm.ConnectorError;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.RecordPolicy;
import io.rapidbyte.wasm.WriteRequest;
import io.rapidbyte.wasm.WriteResult;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.apache.beam.sdk.transforms.windowing.BoundedWindow;
import org.joda.time.Instant;

/**
 * What became of the batches that a bundle has of a stream: which the destination took, which of these it says are committed, and which
 * records it refused. What the destination says is held against what it was given, commit by commit.
 *
 * <p>The DoFn's thread puts, and ends it when the writer's thread is gone; that one does all else.
 */
final class BundleAccount {
    private final String connector;
    private final WriteRequest request;

    /** Those that the destination has not taken. */
    private final Deque<Given> waiting = new ArrayDeque<>();

    /** Those that it has taken and not committed; the last one is in the works. */
    private final Deque<Given> uncommitted = new ArrayDeque<>();

    private long bytesTaken;
    private long rowsTaken;
    private long firstTaken;

    private WriteResult reported = new WriteResult(0, 0, 0, 0);
    private long commitCount;
    private final List<Part> parts = new ArrayList<>();

    /** Those of committed batches that nobody has taken yet. */
    private final List<Letter> letters = new ArrayList<>();

    private long letterCount;

    BundleAccount(String connector, WriteRequest request) {
        this.connector = connector;
        this.request = request;
    }

    /** What a commit has of a window. */
    static final class Part {
        private final BoundedWindow window;
        private long rows;
        private long refused;
        private long bytes;
        private long batches;
        private Instant latest;
        private String position;
        private boolean first;

        private Part(BoundedWindow window) {
            this.window = window;
        }

        BoundedWindow window() {
            return window;
        }

        /** The latest timestamp of its batches. */
        Instant latest() {
            return latest;
        }

        /** Where the stream's run ends, when the batch that carries it is among them; else null. */
        String position() {
            return position;
        }

        /** Whether the stream's first batch is among them. */
        boolean first() {
            return first;
        }

        CommitReceipt receipt(WriteRequest request) {
            return new CommitReceipt(
                    request.runId(), request.stream(), request.schema(), rows, refused, bytes, batches);
        }

        private void add(Given given) {
            // Which records were refused is known of those that have become letters; the others are taken off below.
            rows += given.rows - given.letters.size();
            refused += given.letters.size();
            bytes += given.bytes;
            batches++;
            if (given.position != null) {
                position = given.position;
            }
            first |= given.id.isFirst();
            if (latest == null || given.timestamp.isAfter(latest)) {
                latest = given.timestamp;
            }
        }

        private long refuse(long most) {
            long some = Math.min(most, rows);
            rows -= some;
            refused += some;
            return some;
        }
    }

    /** A dead letter in the window that its record was in. */
    record Letter(DeadLetter letter, BoundedWindow window, Instant timestamp) {}

    /** A batch without its rows. */
    private static final class Given {
        private final BatchId id;
        private final long rows;
        private final long bytes;
        private final String position;
        private final Instant timestamp;
        private final BoundedWindow window;
        private final List<Letter> letters = new ArrayList<>();

        private Given(ArrowBatch batch, Instant timestamp, BoundedWindow window) {
            this.id = batch.id();
            this.rows = batch.rows();
            this.bytes = batch.sizeBytes();
            this.position = batch.position();
            this.timestamp = timestamp;
            this.window = window;
        }
    }

    /** Before the batch is handed over. */
    synchronized void put(ArrowBatch batch, Instant timestamp, BoundedWindow window) {
        waiting.add(new Given(batch, timestamp, window));
    }

    /** The destination takes the next batch. */
    synchronized void takeNext() {
        if (uncommitted.isEmpty()) {
            firstTaken = System.nanoTime();
        }
        Given next = waiting.remove();
        uncommitted.add(next);
        bytesTaken += next.bytes;
        rowsTaken += next.rows;
    }

    /** Whether what is taken and not committed is enough for a commit. */
    synchronized boolean isDue(CheckpointIntervals intervals) {
        return !uncommitted.isEmpty() && intervals.reached(bytesTaken, rowsTaken, System.nanoTime() - firstTaken);
    }

    /** Nanoseconds until a commit is due if no further batch comes; negative when none will be. */
    synchronized long nanosUntilDue(CheckpointIntervals intervals) {
        return !uncommitted.isEmpty() && intervals.isTimed()
                ? Math.max(0, intervals.time().toNanos() - (System.nanoTime() - firstTaken))
                : -1;
    }

    /** The destination refused a record of the batch that it has taken last. */
    synchronized void refuse(String json) {
        Given inWork = uncommitted.peekLast();
        if (inWork == null) {
            throw defect(
                    "dead_letter_of_nothing", " refused a record of stream " + name() + " before it was given any");
        }
        // The same again whenever the batch is written again, whatever else was in the bundle with it.
        long number = ((long) inWork.id.sequence() << 32) + inWork.letters.size();
        inWork.letters.add(new Letter(
                DeadLetter.ofEmitted(request.runId(), name(), connector, inWork.id.unit(), number, json),
                inWork.window,
                inWork.timestamp));
    }

    /**
     * The destination has committed those it took first.
     *
     * @throws ConnectorException when that is not what it was given
     */
    synchronized void commit(WriteResult committed) {
        if (committed.batches() > uncommitted.size()) {
            throw defect(
                    "rows_missing",
                    " has taken " + uncommitted.size() + " batches of stream " + name() + " and reports "
                            + committed.batches() + " as written");
        }
        Map<BoundedWindow, Part> byWindow = new LinkedHashMap<>();
        long rows = 0;
        long known = 0;
        List<Letter> theirs = new ArrayList<>();
        for (long batch = 0; batch < committed.batches(); batch++) {
            Given given = uncommitted.remove();
            byWindow.computeIfAbsent(given.window, Part::new).add(given);
            rows += given.rows;
            known += given.letters.size();
            theirs.addAll(given.letters);
            bytesTaken -= given.bytes;
            rowsTaken -= given.rows;
        }
        if (committed.rows() + committed.refused() != rows) {
            throw defect(
                    "rows_missing",
                    " was given " + rows + " rows in " + committed.batches() + " batches of stream " + name()
                            + " and reports " + committed.rows() + " rows as written and " + committed.refused()
                            + " as refused");
        }
        checkLetters(known, committed.refused());
        spread(committed.refused() - known, byWindow.values());
        // Those that are left were taken at the earliest now.
        firstTaken = System.nanoTime();
        parts.addAll(byWindow.values());
        letters.addAll(theirs);
        letterCount += theirs.size();
        commitCount++;
        reported = new WriteResult(
                reported.rows() + committed.rows(),
                reported.bytes() + committed.bytes(),
                reported.batches() + committed.batches(),
                reported.refused() + committed.refused());
    }

    private void checkLetters(long known, long refused) {
        long expected = request.dataErrors() == RecordPolicy.DLQ ? refused : 0;
        if (known != expected) {
            throw defect(
                    "dead_letters_missing",
                    " has refused " + refused + " records of stream " + name() + " and gave " + known
                            + " dead letters");
        }
    }

    /** In a commit over several windows nobody knows whose records were skipped: the sum is right, the shares are a guess. */
    private static void spread(long refused, Collection<Part> windows) {
        long left = refused;
        for (Part part : windows) {
            left -= part.refuse(left);
        }
    }

    /**
     * The write call has ended, and with it all is committed.
     *
     * @param all what the destination says of the whole call
     * @throws ConnectorException when that is not what it was given, and what it said of its commits
     */
    synchronized void end(WriteResult all) {
        WriteResult rest = new WriteResult(
                all.rows() - reported.rows(),
                all.bytes() - reported.bytes(),
                all.batches() - reported.batches(),
                all.refused() - reported.refused());
        int given = uncommitted.size() + waiting.size();
        if (rest.batches() != given || rest.rows() < 0 || rest.refused() < 0) {
            throw defect(
                    "rows_missing",
                    " was given " + given + " batches of stream " + name() + " since its last checkpoint and reports "
                            + rest.batches() + " with " + rest.rows() + " rows as written since");
        }
        if (rest.batches() > 0) {
            commit(rest);
        }
    }

    /** What is committed, by commit and window. */
    synchronized List<Part> parts() {
        return List.copyOf(parts);
    }

    /** Those of the records that were refused of what is committed that may leave now; each can be taken once. */
    synchronized List<Letter> takeLetters(Predicate<Letter> mayLeave) {
        if (letters.isEmpty()) {
            return List.of();
        }
        List<Letter> taken = letters.stream().filter(mayLeave).toList();
        letters.removeIf(mayLeave);
        return taken;
    }

    /** Whether some of them are left. */
    synchronized boolean hasLetters() {
        return !letters.isEmpty();
    }

    /** How many records of what is committed were refused and became letters. */
    synchronized long letterCount() {
        return letterCount;
    }

    /** How often the destination has committed something. */
    synchronized long commitCount() {
        return commitCount;
    }

    /** Bytes of the frames that are committed. */
    synchronized long bytesCommitted() {
        return parts.stream().mapToLong(part -> part.bytes).sum();
    }

    private String name() {
        return request.stream().name();
    }

    private ConnectorException defect(String code, String what) {
        return new ConnectorException(
                connector,
                ConnectorError.of(Category.INTERNAL, code, connector + what + ". This is a defect of the connector."));
    }
}
