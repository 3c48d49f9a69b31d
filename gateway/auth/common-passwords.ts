/**
 * The most common passwords of eight characters and more, in lower case: what a guesser tries first. A longer list
 * would have to be shipped as a file; the rate limits make the rest of it too slow to try.
 */
const LIST = `
00000000 000000000 0000000000 0987654321 11111111 111111111 1111111111 11223344 1122334455 12121212 12341234
12344321 12345678 123456789 1234567890 12345678910 123456789a 1234567a 12345qwert 1234qwer 123qwe123 123qweasd
1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx 1qaz2wsx3edc 1qazxsw2 22222222 33333333 44444444 55555555 66666666
77777777 87654321 88888888 888888888 987654321 9876543210 99999999 999999999 a1234567 a12345678 a123456789 aa123456
aa12345678 aaaaaaaa aaaaaaaaa abc12345 abc123456 abcd1234 abcdefg1 abcdefgh abcdefghi access123 access14 admin123
admin1234 admin12345 admin@123 administrator alexander alexandra angel123 angels12 anthony1 arsenal1 asd123456
asdasdasd asdf1234 asdfasdf asdfghjk asdfghjkl autumn123 azertyuiop babygirl babygirl1 bailey12 barcelona baseball
baseball1 basketball batman123 benjamin blessed1 blink182 brandon1 butterfly butterfly1 carolina changeme changeme1
changeme123 charlie1 charlotte cheese123 chelsea1 chocolate chocolate1 christian christopher cocacola colorado
computer computer1 computer123 contraseña cookie123 corvette danielle default1 dolphins doudou123 dragon12 dragon123
elephant elizabeth facebook facebook1 ficken123 flower123 football football1 football12 fortnite1 freedom1
freedom123 gangster goodluck google123 greenday guest123 hallo123 hallohallo heather1 hello123 hello1234 hellohello
helloworld hunter12 hunter123 ilovegod iloveu123 iloveyou iloveyou! iloveyou1 iloveyou2 internet internet1 isabella
jennifer jessica1 jesus123 jesuschrist jonathan jordan23 juventus killer123 letmein1 letmein123 linkedin liverpool
liverpool1 lovelove loveyou1 manchester master12 master123 matthew1 maverick mercedes metallica metallica1 michael1
michael23 michelle michelle1 michigan microsoft midnight minecraft monkey12 monkey123 motdepasse mountain mustang1
myspace1 nicholas nintendo nothing1 p@ssw0rd p@ssword pa55word passw0rd password password! password1 password12
password123 password1234 password2023 password2024 password2025 passwort passwort1 passwort123 patricia peanut12
pineapple playstation poiuytrewq pokemon1 pokemon123 princess princess1 pumpkin1 q1w2e3r4 q1w2e3r4t5 qazwsx123
qazwsxedc qwe123456 qweasdzxc qweqweqwe qwer1234 qwerasdf qwerty12 qwerty123 qwerty1234 qwerty12345 qwerty123456
qwertyui qwertyuiop qwertz123 realmadrid rockstar1 root1234 samantha samsung1 samsung123 schatz123 scooter1 secret12
secret123 shadow12 shadow123 slipknot1 snickers softball soleil123 sommer123 spiderman spiderman1 spring123 starwars
starwars1 starwars123 stephanie strawberry summer123 summer2023 summer2024 summer2025 sunshine sunshine1 superman
superman1 test1234 test12345 testing1 testing123 testtest tinkerbell toor1234 topsecret trustno1 twitter1 veronica
victoria victoria1 volleyball welcome1 welcome1! welcome12 welcome123 whatever whatever1 winter123 winter2023
winter2024 winter2025 xxxxxxxx zaq12wsx zaq1xsw2 zaq1zaq1 zxcvbnm, zxcvbnm1 zxcvbnm123 zzzzzzzz
`;

export const COMMON_PASSWORDS: ReadonlySet<string> = new Set(LIST.trim().split(/\s+/));
