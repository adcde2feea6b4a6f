using ResourceService.Storage.Tests.Contracts;

namespace ResourceService.Storage.Tests.Sqlite;

public sealed class SqliteClaimStoreTests() : ClaimStoreContract(new SqliteStoreUnderTest());

public sealed class SqliteRememberedRequestTests() : RememberedRequestContract(new SqliteStoreUnderTest());

public sealed class SqliteRetentionTests() : RetentionContract(new SqliteStoreUnderTest());

public sealed class SqliteRefusalTests() : RefusalContract(new SqliteStoreUnderTest());

public sealed class SqliteClaimReaderTests() : ClaimReaderContract(new SqliteStoreUnderTest());

public sealed class SqliteNodeTests() : NodeContract(new SqliteStoreUnderTest());
