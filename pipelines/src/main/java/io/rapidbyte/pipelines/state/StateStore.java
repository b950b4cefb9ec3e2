// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

import java.util.List;
import java.util.Optional;

/**
 * What pipelines remember. Every method is one transaction; a process that is killed leaves either all of it or nothing.
 *
 * <p>All methods throw {@link StateException}, in a sentence that names the store, when it cannot be read or written.
 */
public interface StateStore extends AutoCloseable {
    /**
     * Keeps others from running the pipeline until the lock is closed or the process ends, however it ends.
     *
     * @throws PipelineBusyException when it is running already
     */
    PipelineLock lock(String pipeline);

    /** Writes down that a run begins. Runs of the pipeline that seem to go on have died, since only one does at a time. */
    void begin(RunRecord run);

    /**
     * Writes down how a stream is going to be read and written, before any of it is; replaces what the run has of the stream. Earlier runs'
     * beginnings of it are given up.
     */
    void plan(String pipeline, StreamRun stream);

    /**
     * Writes down that a stream is complete, together with its position.
     *
     * @throws StateException when the run is not going on any more: another one has taken its place
     */
    void complete(String runId, CompletedStream stream);

    /** Writes down what a stream of a run took, or why it failed; status, attempts, counts, seconds and error of the given are kept. */
    void report(StreamRun stream);

    /** Writes down that a run has ended, well or not. */
    void end(RunRecord run);

    /** What was begun of each stream of a pipeline and neither completed nor given up: at most one for a stream. */
    List<StreamRun> unfinished(String pipeline);

    /** Gives up what was begun of a stream, or of all of them when it is null. */
    void giveUp(String pipeline, String stream);

    /** The pipeline's last runs, the latest first. */
    List<RunRecord> runs(String pipeline, int most);

    /** The run, if it is known. */
    Optional<RunRecord> run(String runId);

    /** The first run that planned to write under a write run id, of those that are still known. */
    Optional<RunRecord> firstRun(String writeRunId);

    /** The streams of a run, by name. */
    List<StreamRun> streams(String runId);

    /** Where the pipeline's streams have ended, by name. */
    List<StreamPosition> positions(String pipeline);

    /** Has the position of a stream, if there is one, stand for rows that come from and go to somewhere else. */
    void reroute(String pipeline, String stream, String route);

    /**
     * Forgets where a stream, or every stream when it is null, has ended, and gives up what was begun of it.
     *
     * @return the streams that there was a position of
     */
    List<String> reset(String pipeline, String stream);

    /** Keeps dead letters; those that are kept already are not kept twice. */
    void keep(List<StoredDeadLetter> letters);

    /** The dead letters of a run in the order in which they came, at most so many. */
    List<StoredDeadLetter> deadLetters(String runId, int most);

    /** How many dead letters a run has. */
    long deadLetterCount(String runId);

    @Override
    void close();
}
