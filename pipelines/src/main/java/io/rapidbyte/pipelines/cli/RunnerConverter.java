// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import io.rapidbyte.pipelines.run.RunnerKind;
import java.util.Iterator;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads {@code --runner}. */
final class RunnerConverter implements ITypeConverter<RunnerKind> {
    /** What a shell completes; the class names of other runners are without number. */
    static final class Names implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return List.of(RunnerKind.DIRECT.name(), RunnerKind.FLINK.name()).iterator();
        }
    }

    @Override
    public RunnerKind convert(String name) {
        try {
            return RunnerKind.of(name);
        } catch (RunnerKind.UnavailableRunnerException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }
}
