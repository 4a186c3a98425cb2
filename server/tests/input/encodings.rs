//! Encodings whose bytes are taken for each other: each text is read as it was written, or refused.

use boxoffice_server::sheet::{Column, Fault, Reason, Refused, read};
use boxoffice_server::text;
use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GBK, SHIFT_JIS};

const COLUMNS: &[Column] = &[
    Column { name: "seat_number", also: &["좌석번호"] },
    Column { name: "zone", also: &["구역"] },
];

/// The zones of a file, or why it is refused.
fn zones(bytes: &[u8], charset: Option<&str>) -> Result<Vec<String>, &'static str> {
    let mut zones = Vec::new();
    let taken = read(bytes, charset, COLUMNS, 10_000, |row| {
        zones.extend(row.read(1, |value| text::title(value).map_err(Reason::Text)));
    });
    let why = |faults: &[Fault]| faults.first().map_or("", |fault| fault.reason.code());
    match taken {
        Ok(()) => Ok(zones),
        Err(Refused::Faults(faults)) => Err(why(&faults.listed)),
        Err(Refused::Charset(_)) => Err("charset"),
    }
}

fn sheet(zones: &[&str]) -> String {
    let rows = zones.iter().enumerate().map(|(at, zone)| format!("{},{zone}\n", at + 1));
    format!("seat_number,zone\n{}", rows.collect::<String>())
}

/// The bytes of a sheet; none where the encoding lacks a character of it.
fn encoded(zones: &[&str], encoding: &'static Encoding) -> Option<Vec<u8>> {
    let text = sheet(zones);
    let (bytes, _, lacks) = encoding.encode(&text);
    (!lacks).then(|| bytes.into_owned())
}

/// Right, or refused since it cannot be told; whether it was read.
#[track_caller]
fn right_or_refused(list: &[&str], encoding: &'static Encoding) -> bool {
    let Some(bytes) = encoded(list, encoding) else { return false };
    match zones(&bytes, None) {
        Ok(read) => {
            assert_eq!(read, list, "in {}", encoding.name());
            true
        }
        Err(why) => {
            assert_eq!(why, "unknown_encoding", "{list:?} in {}", encoding.name());
            false
        }
    }
}

/// Syllables of the usual names of zones, and those that are letters of UTF-8, too.
const SYLLABLES: &str = "가나다라마바사아자차카타파하 일이삼사오육칠팔구십 동서남북 상중하 전후좌우 앞뒤옆 층열석존구역관실홀문 특별반지정유입장스탠딩휠체어시야제한학생청소년 로열귀빈무대객합창발코니테통골드실버브론즈프미엄 홍황백흑적녹빨강파랑노초록보분은금별달해꽃표등급똠뷁샾펲쌤창채천첫총추출친침통투쾌콩클킹탑태토퍼펜편폭풍픽플필혜호혼화환회효훈휴흥희";

#[test]
fn korean_names_of_zones_are_right_or_refused() {
    let syllables: Vec<char> = SYLLABLES.chars().filter(|c| !c.is_whitespace()).collect();
    for &first in &syllables {
        for name in
            [format!("{first}"), format!("A{first}"), format!("{first}석"), format!("{first} 1")]
        {
            right_or_refused(&[&name], EUC_KR);
        }
        for (at, &second) in syllables.iter().enumerate() {
            // In one zone, and in two.
            if at % 2 == 0 {
                right_or_refused(&[&format!("{first}{second}")], EUC_KR);
            } else {
                right_or_refused(&[&first.to_string(), &second.to_string()], EUC_KR);
            }
        }
    }
}

const KOREAN: &str = "특별석|VIP석|R석|S석|A석|1층|2층|3층|1층 A열|2층 B열 12번|스탠딩|스탠딩 A|일반|일반석|지정석|자유석|A구역|가구역|나구역|101구역|장애인석|휠체어석|시야제한석|시야제한|앞|앞줄|뒷줄 좌석|1층 중앙|1층 좌측|2층 우측|로열석|귀빈석|플로어|플로어석|그라운드|그라운드석|테이블석|발코니석|합창석|박스석|커플석|가족석|입석|전석|골드석|실버석|프리미엄석|학생석|청소년|어린이석|특별석(2층)|★석|Ⅰ구역|①구역|동측|서측|남측|북측|외야석|내야석|응원석|원정석|오케스트라석|사이드석|가|나|다|라|똠방각하|뷁석|휠체어석 동반|Ｒ석|오른쪽|왼쪽 블록|지하 1층|무대 앞";

/// What halls in Korea have is read without a charset and with an English head.
#[test]
fn korean_files_are_read() {
    let names: Vec<&str> = KOREAN.split('|').collect();
    for name in &names {
        assert!(right_or_refused(&[name], EUC_KR), "{name} is refused");
    }
    assert!(right_or_refused(&names, EUC_KR));
    // By a Korean head, whatever the zones are.
    let text = sheet(&["청", "홍", "김", "특", "뷁"]).replace("zone", "구역");
    let (bytes, ..) = EUC_KR.encode(&text);
    assert_eq!(zones(&bytes, None), Ok(["청", "홍", "김", "특", "뷁"].map(String::from).to_vec()));
}

const JAPANESE: &str = "一階席|二階席|三階席|指定席|自由席|立見席|前方席|後方席|学生席|親子席|特別席|車椅子席|バルコニー席|アリーナ|アリーナ席|スタンド|スタンド席|S席|A席|Ｓ席|ＳＳ席|左|右|左側|右側|１階|２階|東|西|南|北|東側|西側|正面|桟敷|桟敷席|全席指定|全席自由|当日券|前売券|一般|一般席|中央|前列|後列|優先席|女性専用席|招待席|関係者席|補助席|見切れ席|最前列|花道|舞台|一等席|二等席|金|銀|こども|おとな|ペア席|ボックス席|ｱﾘｰﾅ|ｽﾀﾝﾄﾞ";

const CHINESE: &str = "贵宾席|一层|二层|三层|看台|内场|前排|后排|左侧|右侧|站席|站票|学生票|东区|西区|南区|北区|池座|楼座|A区|B区|包厢|普通票|前|中|后|左|右|一楼|二楼|甲|乙|丙|全|票|第一排|看台区|摇滚区|内场站票|早鸟票|轮椅席|家庭套票|特价票|亲子票|双人座|金|银|红区|蓝区|一樓|二樓|特區|搖滾區|貴賓席|前區|後區|東區|西區|學生票|輪椅席|站區|身障席|陪同席|包廂|樓|區";

#[test]
fn japanese_and_chinese_names_are_right_or_refused() {
    for (list, encodings) in [(JAPANESE, [EUC_JP, SHIFT_JIS]), (CHINESE, [GBK, BIG5])] {
        let list: Vec<&str> = list.split('|').collect();
        for encoding in encodings {
            let mut read = 0;
            for (at, first) in list.iter().enumerate() {
                read += usize::from(right_or_refused(&[first], encoding));
                for second in &list[at + 1..] {
                    right_or_refused(&[first, second], encoding);
                    right_or_refused(&[&format!("{first} {second}")], encoding);
                }
            }
            assert_eq!(read, 0, "none of these are told apart for sure");
            // With its name each is read.
            for name in &list {
                if let Some(bytes) = encoded(&[name], encoding) {
                    let want = text::title(name).unwrap();
                    assert_eq!(zones(&bytes, Some(encoding.name())), Ok(vec![want]));
                }
            }
        }
    }
}

const LATIN: &str = "Café|Größe|Séance|Côté cour|Balcón|Tribüne|Plätze|Loge Süd|Étage|ÄRGER|Übersicht|Señor|Básico|Přízemí|Łoża|Şeref|Galería|Rückseite|Ränge|Früh|São|Préférence|Партер|Балкон|Ложа|Амфитеатр|Εξώστης|Πλατεία|יציע|المدرج|ที่นั่ง|Khu Ưu tiên 1 – đẹp|一階席|贵宾席|청|홍|가|특별석|R·S석|🎤|Loge “A”";

/// UTF-8 without a mark is read, but where two bytes of it may be one syllable of Korean.
#[test]
fn latin_in_utf8_is_read_where_it_shows() {
    for name in LATIN.split('|') {
        assert_eq!(zones(sheet(&[name]).as_bytes(), None), Ok(vec![name.to_owned()]), "{name}");
        assert_eq!(zones(sheet(&[name]).as_bytes(), Some("utf-8")), Ok(vec![name.to_owned()]));
    }
    for name in ["û", "ȫ", "ƯU", "Â ó", "Nº 1", "A·B"] {
        let bytes = sheet(&[name]).into_bytes();
        let marked = format!("\u{FEFF}{}", sheet(&[name])).into_bytes();
        assert_eq!(zones(&marked, None), Ok(vec![text::title(name).unwrap()]), "{name}");
        assert_eq!(zones(&bytes, Some("utf-8")), Ok(vec![text::title(name).unwrap()]), "{name}");
        assert!(matches!(zones(&bytes, None), Ok(_) | Err("unknown_encoding")), "{name}");
    }
    assert_eq!(zones(sheet(&["û"]).as_bytes(), None), Err("unknown_encoding"));
}

/// A charset that the bytes contradict is no reason to read something else.
#[test]
fn a_charset_that_the_bytes_contradict_is_refused() {
    let names = ["구역", "특별석", "一階席", "贵宾席", "Loge “A”"];
    for name in names {
        for charset in ["euc-kr", "cp949", "shift_jis", "gbk", "big5", "iso-8859-1", "windows-1252"]
        {
            let bytes = sheet(&[name]).into_bytes();
            assert_eq!(zones(&bytes, Some(charset)), Err("other_encoding"), "{name} as {charset}");
        }
    }
    for name in ["Café", "Größe"] {
        let bytes = sheet(&[name]).into_bytes();
        assert_eq!(zones(&bytes, Some("iso-8859-1")), Err("other_encoding"), "{name}");
    }
    let korean = encoded(&["특별석", "1층"], EUC_KR).unwrap();
    for charset in ["iso-8859-1", "windows-1252", "windows-1251", "koi8-r"] {
        assert_eq!(zones(&korean, Some(charset)), Err("other_encoding"), "{charset}");
    }
    // What they do not contradict is as it is named.
    for name in ["청", "홍", "특", "황", "표", "창", "A청", "일반", "뷁"] {
        let bytes = encoded(&[name], EUC_KR).unwrap();
        for charset in ["euc-kr", "CP949", "ks_c_5601-1987"] {
            assert_eq!(zones(&bytes, Some(charset)), Ok(vec![name.to_owned()]), "{name}");
        }
    }
    for (charset, name) in [
        ("iso-8859-1", "Größe"),
        ("windows-1251", "Партер"),
        ("windows-1250", "Łoża"),
        ("koi8-r", "Ложа"),
    ] {
        let encoding = Encoding::for_label(charset.as_bytes()).unwrap();
        let bytes = encoded(&[name], encoding).unwrap();
        assert_eq!(zones(&bytes, Some(charset)), Ok(vec![name.to_owned()]));
    }
}
