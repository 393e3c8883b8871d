/** What config.json says: one decoder description, and one short file for each architecture that fills it. */
@NullMarked
package io.safeprobe.model.config;

import org.jspecify.annotations.NullMarked;
