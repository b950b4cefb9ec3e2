// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

/** Is told how far a run is; calls come from one thread, several a second while data moves. */
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

    /** What was going on is over, well or not: whatever was drawn gives way to what comes now. */
    void done();
}
