package io.safeprobe.shell.command;

import io.safeprobe.shell.session.Settings;
import io.safeprobe.shell.session.Settings.Name;
import io.safeprobe.shell.session.UsageException;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Settings of generation that a command takes for itself. Texts, so that one place says which values there are. */
final class SamplingOptions {
    private static final String SET = " Default: that of 'set'.";

    @Option(names = "--max-new-tokens", paramLabel = "N", description = "Most tokens of a response." + SET)
    private @Nullable String maxNewTokens;

    @Option(names = "--temperature", paramLabel = "X", description = "Sample at this temperature; 0 takes the likeliest token." + SET)
    private @Nullable String temperature;

    @Option(names = "--top-k", paramLabel = "N", description = "Sample from the N likeliest tokens." + SET)
    private @Nullable String topK;

    @Option(names = "--top-p", paramLabel = "X", description = "Sample from the likeliest tokens that have this probability together." + SET)
    private @Nullable String topP;

    @Option(names = "--min-p", paramLabel = "X", description = "Sample from tokens at least this share as likely as the likeliest." + SET)
    private @Nullable String minP;

    @Option(names = "--repetition-penalty", paramLabel = "X", description = "Makes tokens of prompt and response less likely." + SET)
    private @Nullable String repetitionPenalty;

    @Option(names = "--stop", paramLabel = "TEXT", description = "End a response at this text, which is cut off; may be given several times." + SET)
    private @Nullable List<String> stop;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of sampling." + SET)
    private @Nullable String seed;

    /**
     * The settings of the session with these in place of its own.
     *
     * @throws UsageException when a value makes no sense
     */
    Settings over(Settings session) {
        return session.with(given());
    }

    private Map<Name, List<String>> given() {
        Map<Name, List<String>> given = new EnumMap<>(Name.class);
        put(given, Name.MAX_NEW_TOKENS, maxNewTokens);
        put(given, Name.TEMPERATURE, temperature);
        put(given, Name.TOP_K, topK);
        put(given, Name.TOP_P, topP);
        put(given, Name.MIN_P, minP);
        put(given, Name.REPETITION_PENALTY, repetitionPenalty);
        put(given, Name.SEED, seed);
        if (stop != null) {
            given.put(Name.STOP, stop);
        }
        return given;
    }

    private static void put(Map<Name, List<String>> given, Name name, @Nullable String value) {
        if (value != null) {
            given.put(name, List.of(value));
        }
    }

    /**
     * Refuses all of them for a command that generates nothing.
     *
     * @throws UsageException naming those that were given
     */
    void requireNone(String because) {
        if (!given().isEmpty()) {
            throw new UsageException(because + " generates nothing; leave out " + given().keySet().stream().map(name -> "--" + name).collect(Collectors.joining(", ")));
        }
    }

    /**
     * Refuses options that would do nothing.
     *
     * @throws UsageException when the likeliest token is taken, but an option says what to sample from
     */
    void requireSampling(boolean greedy) {
        if (greedy && (topK != null || topP != null || minP != null)) {
            throw new UsageException("--top-k, --top-p and --min-p say what to sample from, but the likeliest token is taken; add --temperature 1");
        }
    }
}
