// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

/** Keeps others from running a pipeline while it is open. */
public interface PipelineLock extends AutoCloseable {
    @Override
    void close();
}
