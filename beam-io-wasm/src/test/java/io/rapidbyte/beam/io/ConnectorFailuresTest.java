// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.sameInstance;

import io.rapidbyte.wasm.Category;
import io.rapidbyte.wasm.ConnectorError;
import io.rapidbyte.wasm.ConnectorException;
import java.util.Optional;
import org.apache.beam.sdk.util.UserCodeException;
import org.apache.flink.util.SerializedThrowable;
import org.junit.jupiter.api.Test;

class ConnectorFailuresTest {
    private static final ConnectorException FAILURE = new ConnectorException(
            "source-postgres", ConnectorError.of(Category.AUTH, "28P01", "source-postgres may not log in."));

    @Test
    void theFailureIsFoundBelowTheRunnersLayers() {
        Throwable thrown = new RuntimeException("pipeline", UserCodeException.wrap(new RuntimeException(FAILURE)));
        assertThat(ConnectorFailures.find(thrown).orElseThrow(), sameInstance(FAILURE));
        assertThat(ConnectorFailures.find(FAILURE).orElseThrow(), sameInstance(FAILURE));
    }

    @Test
    void theFailureIsFoundAmongTheSuppressed() {
        Throwable thrown = new RuntimeException("several");
        thrown.addSuppressed(new IllegalStateException());
        thrown.addSuppressed(new IllegalStateException(FAILURE));
        assertThat(ConnectorFailures.find(thrown).orElseThrow(), sameInstance(FAILURE));
    }

    @Test
    void theFailureIsTakenOutOfFlinksBoxWithItsWholeRecord() {
        Throwable thrown = new RuntimeException(new SerializedThrowable(new IllegalStateException(FAILURE)));
        ConnectorException found = ConnectorFailures.find(thrown).orElseThrow();
        assertThat(found.getMessage(), is("source-postgres may not log in."));
        assertThat(found.error(), equalTo(FAILURE.error()));
        assertThat(found.connector(), is("source-postgres"));
    }

    @Test
    void otherFailuresAndCyclesFindNothing() {
        RuntimeException outer = new RuntimeException();
        outer.initCause(new RuntimeException(outer));
        assertThat(ConnectorFailures.find(outer), equalTo(Optional.empty()));
        assertThat(ConnectorFailures.find(null), equalTo(Optional.empty()));
    }
}
