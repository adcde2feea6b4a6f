namespace ResourceService.Load.Wire;

/// <summary>Names of the driven nodes: a prefix and a number of fixed width, so that a number can be overwritten inside a serialized request.</summary>
internal sealed record NodeNames(string Prefix, int Count)
{
    public const int Digits = 6;
    public const int CountMax = 1_000_000;

    /// <summary>A name of the same length that no node has.</summary>
    public string Placeholder => Prefix + new string('\u0003', Digits);

    public string this[int number] => $"{Prefix}{number:D6}";

    public static void WriteDigits(Span<byte> digits, int number)
    {
        for (var i = digits.Length - 1; i >= 0; i--)
        {
            digits[i] = (byte)('0' + (number % 10));
            number /= 10;
        }
    }
}
