// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.util.Objects;

/**
 * A connector, or the host on its behalf, failed. {@link #getMessage()} is one sentence for the person who must act: it
 * names the connector, says what happened, and ends with the hint.
 */
public final class ConnectorException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String connector;
    private final ConnectorError error;

    /**
     * A failure of a connector.
     *
     * @param connector the connector's name, or the file it was to be read from
     * @param error the record
     */
    public ConnectorException(String connector, ConnectorError error) {
        this(connector, error, null);
    }

    /**
     * A failure of a connector with the Java exception behind it.
     *
     * @param connector the connector's name, or the file it was to be read from
     * @param error the record
     * @param cause null when there is none
     */
    public ConnectorException(String connector, ConnectorError error, Throwable cause) {
        super(sentence(connector, error), cause);
        this.connector = Objects.requireNonNull(connector, "connector");
        this.error = error;
    }

    /** The connector's name, or the file it was to be read from. */
    public String connector() {
        return connector;
    }

    /** The record that says whether a retry makes sense. */
    public ConnectorError error() {
        return error;
    }

    private static String sentence(String connector, ConnectorError error) {
        StringBuilder text = new StringBuilder();
        if (!error.message().contains(connector)) {
            text.append(connector).append(": ");
        }
        text.append(error.message());
        if (!error.hint().isEmpty()) {
            // Guests write hints without regard to what stands before and behind them.
            text.append(error.message().endsWith(".") ? " " : ". ")
                    .appendCodePoint(Character.toUpperCase(error.hint().codePointAt(0)))
                    .append(
                            error.hint(),
                            Character.charCount(error.hint().codePointAt(0)),
                            error.hint().length())
                    .append(error.hint().endsWith(".") ? "" : ".");
        }
        return text.toString();
    }
}
