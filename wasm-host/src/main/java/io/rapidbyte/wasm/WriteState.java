// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

/** Where a write call stands: the batch that waits to be taken, and whether a checkpoint was asked for. */
final class WriteState {
    final BatchFeed feed;

    private Frame pending;
    private boolean ended;
    private boolean checkpointAsked;

    WriteState(BatchFeed feed) {
        this.feed = feed;
    }

    Frame pending() {
        return pending;
    }

    void hold(Frame frame) {
        pending = frame;
        ended = frame == null;
    }

    void taken() {
        pending = null;
        checkpointAsked = false;
    }

    boolean ended() {
        return ended;
    }

    /** Whether to ask for a checkpoint now: at most once between two batches, so that a feed cannot hold the guest in a circle. */
    boolean askForCheckpoint() throws InterruptedException {
        if (checkpointAsked || !feed.checkpointDue()) {
            return false;
        }
        checkpointAsked = true;
        return true;
    }
}
