using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace ResourceService.Server.Security;

/// <summary>The names in a certificate's subject alternative names that may name a caller: URIs and DNS names.</summary>
internal static class SanNames
{
    private const string ExtensionOid = "2.5.29.17";

    // GeneralName's alternatives, RFC 5280 section 4.2.1.6.
    private static readonly Asn1Tag _dnsName = new(TagClass.ContextSpecific, 2);
    private static readonly Asn1Tag _uri = new(TagClass.ContextSpecific, 6);

    /// <summary>Reads them; none from a certificate whose extension is damaged.</summary>
    public static IReadOnlyList<string> Of(X509Certificate2 certificate)
    {
        var names = new List<string>();
        try
        {
            foreach (var extension in certificate.Extensions.Where(extension => extension.Oid?.Value == ExtensionOid))
            {
                var reader = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
                while (reader.HasData)
                {
                    var tag = reader.PeekTag();
                    var isUri = tag.HasSameClassAndValue(_uri);
                    if (!isUri && !tag.HasSameClassAndValue(_dnsName))
                    {
                        reader.ReadEncodedValue();
                        continue;
                    }

                    // A DNS name that looks like a URI must not pass for one: authorities may check the two differently.
                    var name = reader.ReadCharacterString(UniversalTagNumber.IA5String, tag);
                    if (isUri || !name.Contains('/', StringComparison.Ordinal))
                        names.Add(name);
                }
            }
        }
        catch (AsnContentException)
        {
            return [];
        }

        return names;
    }
}
