using System.Globalization;

namespace ResourceService.Testing;

/// <summary>Where the randomness of a test comes from: the seed is printed by the test and can be given again.</summary>
public static class Seed
{
    /// <summary>The environment variable that gives a seed to replay.</summary>
    public const string Variable = "RESOURCESERVICE_SEED";

    /// <summary>The seed given, or one of this moment.</summary>
    public static int Choose() =>
        int.TryParse(Environment.GetEnvironmentVariable(Variable), NumberStyles.Integer, CultureInfo.InvariantCulture, out var given)
            ? given
            : (int)(TimeProvider.System.GetTimestamp() & int.MaxValue);

    /// <summary>How to run a test again with its seed.</summary>
    public static string Describe(int seed) => $"Seed {seed}; replay with {Variable}={seed}";
}
