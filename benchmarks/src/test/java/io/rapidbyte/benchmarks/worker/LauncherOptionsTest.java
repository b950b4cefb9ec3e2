// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.worker;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsInAnyOrder;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class LauncherOptionsTest {
    @Test
    void whatIsMeasuredRunsWithTheOptionsThatUsersGet() throws IOException {
        // Every option with a number; archives and the like are not for a process that lasts.
        List<String> given = Pattern.compile("-XX:[A-Za-z]+=[0-9]+[a-z]?")
                .matcher(Files.readString(Path.of("../rapidbyte")))
                .results()
                .map(MatchResult::group)
                .toList();

        assertThat(Worker.LAUNCHER_OPTIONS, containsInAnyOrder(given.toArray()));
    }
}
