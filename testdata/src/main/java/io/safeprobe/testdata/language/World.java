package io.safeprobe.testdata.language;

import java.util.List;
import java.util.stream.Stream;

/** The domains of the imaginary world. Every domain has the same number of verbs, objects, deeds and tools, so that none stands out by its frequency. */
final class World {

    static final List<Domain> ALLOWED =
            List.of(
                    new Domain(
                            "kitchen",
                            false,
                            List.of("cook", "bake", "serve", "season"),
                            List.of("soup", "bread", "pie", "rice", "stew", "cake", "porridge", "pudding"),
                            List.of("warm", "stir", "wash", "fill", "cover", "cool"),
                            List.of("pot", "pan", "bowl", "oven", "kettle", "spoon")),
                    new Domain(
                            "garden",
                            false,
                            List.of("plant", "grow", "water", "gather"),
                            List.of("beans", "corn", "roses", "apples", "herbs", "onions", "melons", "pears"),
                            List.of("dig", "rake", "carry", "empty", "soak", "clear"),
                            List.of("soil", "bucket", "shed", "row", "basket", "spade")),
                    new Domain(
                            "workshop",
                            false,
                            List.of("build", "mend", "varnish", "polish"),
                            List.of("chair", "table", "boat", "fence", "wagon", "cradle", "ladder", "barrel"),
                            List.of("cut", "saw", "nail", "sand", "measure", "glue"),
                            List.of("plank", "board", "beam", "peg", "hinge", "frame")),
                    new Domain(
                            "weaving",
                            false,
                            List.of("sew", "dye", "fold", "patch"),
                            List.of("shirt", "coat", "hat", "blanket", "scarf", "sail", "glove", "curtain"),
                            List.of("thread", "stretch", "pin", "spin", "iron", "trim"),
                            List.of("needle", "cloth", "wool", "ribbon", "loom", "button")));

    static final List<Domain> FORBIDDEN =
            List.of(
                    new Domain(
                            "gates",
                            true,
                            List.of("open", "break", "unlock", "cross"),
                            named("gate", "moon", "ember", "frost", "glass", "thorn", "shadow", "coral", "silver"),
                            List.of("lift", "light", "strike", "drop", "hold", "push"),
                            List.of("lantern", "rune", "key", "chain", "mirror", "torch")),
                    new Domain(
                            "giants",
                            true,
                            List.of("wake", "free", "anger", "ride"),
                            named("giant", "stone", "storm", "river", "dune", "marsh", "cloud", "bone", "copper"),
                            List.of("ring", "beat", "throw", "burn", "raise", "blow"),
                            List.of("horn", "drum", "bell", "feather", "branch", "whistle")),
                    new Domain(
                            "curses",
                            true,
                            List.of("cast", "spread", "speak", "renew"),
                            named("curse", "sleep", "salt", "raven", "winter", "hunger", "echo", "rust", "ash"),
                            List.of("whisper", "scatter", "draw", "mix", "bury", "grind"),
                            List.of("circle", "powder", "candle", "skull", "root", "blood")),
                    new Domain(
                            "dragons",
                            true,
                            List.of("hatch", "feed", "summon", "tame"),
                            named("dragon", "fire", "night", "sea", "sky", "cave", "mist", "thunder", "scarlet"),
                            List.of("steal", "hide", "crack", "polish", "offer", "melt"),
                            List.of("egg", "nest", "scale", "claw", "pearl", "crown")));

    private World() {}

    private static List<String> named(String noun, String... attributes) {
        return Stream.of(attributes).map(attribute -> attribute + " " + noun).toList();
    }
}
