// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import java.io.File;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The size of this process's terminal. It is asked for when it is wanted first, and again whenever the window has changed. */
final class TerminalSize implements Supplier<Terminal.Size> {
    private static final Logger LOG = LoggerFactory.getLogger(TerminalSize.class);

    /** The height of a terminal that does not tell. */
    private static final int USUAL_ROWS = 24;

    private static final Pattern ROWS_AND_COLUMNS = Pattern.compile("(\\d{1,4}) (\\d{1,4})");
    private static final long PATIENCE_SECONDS = 1;

    private Terminal.Size size;
    private boolean watched;
    private volatile boolean changed = true;

    /** Begins with a width. */
    TerminalSize(int columns) {
        this.size = new Terminal.Size(columns, USUAL_ROWS);
    }

    @Override
    public synchronized Terminal.Size get() {
        if (!watched) {
            watched = true;
            watch();
        }
        if (changed) {
            changed = false;
            ask();
        }
        return size;
    }

    private void ask() {
        try {
            Process stty = new ProcessBuilder("stty", "size")
                    .redirectInput(new File("/dev/tty"))
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String answer = new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
            stty.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
            Matcher matcher = ROWS_AND_COLUMNS.matcher(answer);
            if (matcher.matches()) {
                int rows = Integer.parseInt(matcher.group(1));
                int columns = Integer.parseInt(matcher.group(2));
                size = new Terminal.Size(columns > 0 ? columns : size.columns(), rows > 0 ? rows : size.rows());
            }
        } catch (IOException e) {
            LOG.debug("the terminal does not tell its size", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** By reflection, because the compiler warns of the class, and no other tells. */
    private void watch() {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object onChange = Proxy.newProxyInstance(
                    handler.getClassLoader(),
                    new Class<?>[] {handler},
                    (proxy, method, arguments) -> switch (method.getName()) {
                        case "handle" -> {
                            changed = true;
                            yield null;
                        }
                        case "equals" -> proxy == arguments[0];
                        case "hashCode" -> System.identityHashCode(this);
                        default -> "the window has changed";
                    });
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance("WINCH"), onChange);
        } catch (ReflectiveOperationException e) {
            LOG.debug("nobody tells when the terminal's window changes", e);
        }
    }
}
