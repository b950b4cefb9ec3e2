// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

/** Keeps others from running a pipeline while it is open. */
public interface PipelineLock extends AutoCloseable {
    /**
     * Whether others are still kept out. A lock on a server is lost together with its connection; who finds it lost must not write any more,
     * for another run may have begun.
     */
    boolean isHeld();

    @Override
    void close();
}
