// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.run;

import io.rapidbyte.benchmarks.worker.Worker;
import java.io.IOException;

/** Is told what a run does. */
public interface RunListener {
    /** Something for people, a line at a time. */
    void progress(String line);

    /** A worker has made its copies for warm-up, and makes those that count from now on. */
    default void warm(Worker worker) throws IOException {}

    /** A worker has made its last copy, and is still there. */
    default void done(Worker worker) throws IOException {}
}
