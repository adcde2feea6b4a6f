namespace ResourceService.Ledger.Devices;

/// <summary>PCI addresses: numbers of domain, bus, slot and function, of which the ledger knows each in one writing only.</summary>
public static class DeviceAddress
{
    private const string Form = "0000:3b:02.1";

    /// <summary>
    /// An address as the ledger writes it: in small letters, the domain in no more digits than it needs, four at least. Addresses are brought into
    /// this form where they come in, from callers and from the store, so that equal texts are equal addresses everywhere else.
    /// </summary>
    public static string Canonical(string address)
    {
        var excess = 0;
        while (address.Length - excess > Form.Length && address[excess] == '0')
            excess++;
        return address[excess..].ToLowerInvariant();
    }

    /// <summary>The number of an address such as <c>0000:3b:02.1</c>. Addresses are validated where they come in.</summary>
    internal static ulong Parse(string address)
    {
        var number = 0UL;
        foreach (var character in address)
        {
            if (character is ':' or '.')
                continue;
            Invariant.Require(char.IsAsciiHexDigit(character), "a device has a PCI address");
            number = (number << 4) + (ulong)((character & 0xF) + (character > '9' ? 9 : 0));
        }

        return number;
    }
}
