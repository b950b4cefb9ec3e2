// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import io.rapidbyte.pipelines.run.ProgressListener;
import io.rapidbyte.pipelines.run.RunProgress;
import java.time.Duration;
import java.util.List;

/** Progress on a terminal: a line for each stream and one for all of them, drawn in place. */
final class TerminalProgress implements ProgressListener {
    /** Five times a second: more often nobody reads. */
    private static final Duration DISTANCE = Duration.ofMillis(200);

    private final Terminal terminal;
    private final Pace pace = new Pace();
    private Duration drawnAt;
    private int frame;

    TerminalProgress(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public synchronized void step(String what) {
        int room = terminal.size().columns() - 1;
        terminal.draw(List.of(Numbers.shortened(what + " ...", room)));
        drawnAt = null;
    }

    @Override
    public synchronized void update(RunProgress progress) {
        pace.look(progress);
        if (drawnAt != null
                && progress.elapsed().compareTo(drawnAt) >= 0
                && progress.elapsed().minus(drawnAt).compareTo(DISTANCE) < 0) {
            return;
        }
        drawnAt = progress.elapsed();
        terminal.draw(ProgressLines.of(pace.streams(progress), pace.all(progress), terminal.size(), frame++));
    }

    @Override
    public void note(String line) {
        terminal.println(Numbers.printable(line));
    }

    @Override
    public synchronized void done() {
        terminal.erase();
        drawnAt = null;
    }
}
