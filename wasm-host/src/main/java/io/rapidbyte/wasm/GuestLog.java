// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** Where a guest's log lines go. Lines are already bounded in number and size, free of control characters and of secrets. */
public interface GuestLog {

    /** Takes one line. */
    void line(Level level, String text);

    /** The most verbose level that is worth logging; the guest is told and need not send more. */
    default Level threshold() {
        return Level.INFO;
    }

    /** Logs with slf4j under {@code rapidbyte.guest.<connector>}. */
    static GuestLog slf4j(String connector) {
        Logger logger = LoggerFactory.getLogger("rapidbyte.guest." + connector);
        return new GuestLog() {
            @Override
            public void line(Level level, String text) {
                logger.atLevel(level).log(text);
            }

            @Override
            public Level threshold() {
                for (Level level : new Level[] {Level.TRACE, Level.DEBUG, Level.INFO, Level.WARN}) {
                    if (logger.isEnabledForLevel(level)) {
                        return level;
                    }
                }
                return Level.ERROR;
            }
        };
    }
}
