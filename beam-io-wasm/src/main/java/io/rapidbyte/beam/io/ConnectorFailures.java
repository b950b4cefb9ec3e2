// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import io.rapidbyte.wasm.ConnectorException;
import java.lang.reflect.InvocationTargetException;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Optional;
import java.util.Set;

/** Finds a connector's own sentence below the layers that runners put around it. */
public final class ConnectorFailures {
    /** Flink's box around an exception on its way between processes. Flink is not on the class path of every pipeline. */
    private static final String FLINK_BOX = "org.apache.flink.util.SerializedThrowable";

    private ConnectorFailures() {}

    /**
     * The connector's failure that made a pipeline fail.
     *
     * @param thrown what the runner threw; null finds nothing
     * @return the failure nearest to the outside; empty when no connector failed
     */
    public static Optional<ConnectorException> find(Throwable thrown) {
        return find(thrown, Collections.newSetFromMap(new IdentityHashMap<>()));
    }

    private static Optional<ConnectorException> find(Throwable thrown, Set<Throwable> seen) {
        // Causes can form a cycle.
        if (thrown == null || !seen.add(thrown)) {
            return Optional.empty();
        }
        if (thrown instanceof ConnectorException failure) {
            return Optional.of(failure);
        }
        Optional<ConnectorException> found = find(unboxed(thrown), seen);
        if (found.isEmpty()) {
            found = find(thrown.getCause(), seen);
        }
        for (Throwable suppressed : thrown.getSuppressed()) {
            if (found.isPresent()) {
                break;
            }
            found = find(suppressed, seen);
        }
        return found;
    }

    /** What is in Flink's box, or null for anything else. */
    private static Throwable unboxed(Throwable thrown) {
        if (!thrown.getClass().getName().equals(FLINK_BOX)) {
            return null;
        }
        try {
            Object content = thrown.getClass()
                    .getMethod("deserializeError", ClassLoader.class)
                    .invoke(thrown, ConnectorFailures.class.getClassLoader());
            return content instanceof Throwable inner ? inner : null;
        } catch (NoSuchMethodException | IllegalAccessException | InvocationTargetException e) {
            // Another Flink, or a class that this process does not have: the causes are looked at all the same.
            thrown.addSuppressed(e);
            return null;
        }
    }
}
