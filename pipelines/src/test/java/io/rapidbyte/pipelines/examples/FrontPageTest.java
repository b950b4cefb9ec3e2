// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.examples;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** What the front page shows is what the build compiles. */
class FrontPageTest {
    @Test
    void theJavaExampleIsTheOneThatIsCompiled() throws IOException {
        String source = Files.readString(
                Path.of("src/main/java", CopyOrders.class.getName().replace('.', '/') + ".java"));
        String program = source.substring(source.indexOf("import "));
        assertThat(Files.readString(Path.of("../README.md")), containsString("```java\n" + program + "```\n"));
    }
}
