// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import org.apache.beam.sdk.util.ReleaseInfo;
import picocli.CommandLine.IVersionProvider;

/** What {@code --version} says. */
final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() throws IOException {
        Properties build = new Properties();
        try (InputStream in = Version.class.getResourceAsStream("version.properties")) {
            build.load(in);
        }
        return new String[] {
            "rapidbyte " + build.getProperty("version"),
            "Apache Beam " + ReleaseInfo.getReleaseInfo().getVersion(),
            "Java " + Runtime.version()
        };
    }
}
