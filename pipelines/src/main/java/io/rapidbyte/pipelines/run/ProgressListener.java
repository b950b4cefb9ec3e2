// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

/** Is told how far a run is; several times a second while data moves. */
public interface ProgressListener {
    /** Nobody is told. */
    ProgressListener NONE = new ProgressListener() {
        @Override
        public void step(String what) {}

        @Override
        public void update(RunProgress progress) {}

        @Override
        public void done() {}
    };

    /** A part of the run begins, for example {@code checking source-postgres and dest-postgres}. */
    void step(String what);

    /** Data moves. */
    void update(RunProgress progress);

    /**
     * Something happened that is worth a line which stays, for example {@code orders: dest-postgres lost its connection; trying again in 1.4 s (1 of
     * 3)}. Unlike the others it may be called from any thread.
     */
    default void note(String line) {}

    /** What was going on is over, well or not: whatever was drawn gives way to what comes now. */
    void done();
}
